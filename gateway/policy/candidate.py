"""Candidate rules (shadow rules): live requests are judged by them as well, without enforcing what they say."""

from __future__ import annotations

import structlog

from gateway.events import OnEvent, ShadowJudged
from gateway.handling import destination_change
from gateway.model import Decision, DecisionInput
from gateway.policy.evaluate import decide, questions
from gateway.policy.ruleset import RuleSet

log = structlog.get_logger()


class Candidate:
    """The candidate rules of one worker process; `rules` is None where nothing is compared."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self.rules: RuleSet | None = None

    def judge(self, decision_input: DecisionInput, decision: Decision) -> Decision | None:
        """The candidate's decision where the request would be allowed or denied instead, or go elsewhere.

        None where it would not, or where that is not known.
        """
        rules = self.rules
        # An emergency rule that is open says nothing about the candidate, in which it is closed.
        if rules is None or decision.emergency is not None:
            return None
        try:
            found = _decision(rules, decision_input)
        except BaseException as problem:  # noqa: BLE001 - the candidate must not be noticed
            log.warning("the candidate rules could not judge", error=repr(problem))
            found = None
        if found is None:
            self._on_event(ShadowJudged("unknown"))
            return None
        how = destination_change(decision.destination, found.destination)
        if how is None:
            self._on_event(ShadowJudged("same"))
            return None
        self._on_event(ShadowJudged("differs", found.rule, how))
        return found


def _decision(rules: RuleSet, decision_input: DecisionInput) -> Decision | None:
    """What these rules say; None where they need facts that nobody gathered for this request."""
    if rules.asks_sources and any(
        each.name not in decision_input.facts for each in questions(rules, decision_input)
    ):
        return None
    return decide(rules, decision_input)
