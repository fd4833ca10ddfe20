"""Stage 4: whether the caller may do this, by blocks and by the rules in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from math import ceil, isfinite
from typing import Any, Final, Protocol

import structlog

from gateway.blocks.blocks import Blocks
from gateway.errors import (
    BadRequest,
    Blocked,
    FactsUnavailable,
    Forbidden,
    LoginRequired,
    PolicyFailed,
    TooManyRequests,
    UnderMaintenance,
    WebSocketRefused,
)
from gateway.exchange import Exchange, Judgement
from gateway.model import NOTHING, Decision, DecisionInput, Identity
from gateway.pipeline.cached_permission import CachedPermission
from gateway.plan import Advice
from gateway.policy.advice import advise
from gateway.policy.evaluate import AMBIGUOUS, NO_WEBSOCKET, decide, questions
from gateway.policy.facts import NOTHING_ASKED, FactsAsked, Gathered
from gateway.policy.maintenance import Current
from gateway.policy.ruleset import RuleSet
from gateway.policy.step_up import methods_for_login

log = structlog.get_logger()

# Seconds after which to ask again where the end of a maintenance is not known.
_COME_AGAIN: Final = 300


class MaintenanceCheck(Protocol):
    """Whether a maintenance keeps a request out. Where none is `announced`, nobody has to ask."""

    announced: bool

    def keeps_out(self, decision_input: DecisionInput, *, open_stream: bool = False) -> Current | None:
        """The maintenance for which this request is refused."""


@dataclass(frozen=True, slots=True)
class Authorize:
    """Asks blocks, maintenance and rules. `rules` gives the rule set in force, one for the whole request."""

    rules: Callable[[], RuleSet]
    blocks: Blocks
    maintenance: MaintenanceCheck
    gatherer: FactsAsked

    async def __call__(self, exchange: Exchange) -> None:
        """Fill in `judgement`. Raises BadRequest, Blocked, UnderMaintenance, LoginRequired, Forbidden, FactsUnavailable or PolicyFailed."""
        self.check_blocks(exchange.caller.identity, exchange.now)
        rules = self.rules()
        decision_input, facts = input_of(exchange), NOTHING_ASKED
        if self.maintenance.announced:
            self._check_maintenance(exchange, decision_input)
        if rules.asks_sources:
            decision_input, facts = await self._with_facts(exchange, rules, decision_input)
        self._decide(exchange, rules, decision_input, facts)

    def at_once(self, exchange: Exchange) -> bool:
        """The same without waiting; False where the rule that matches needs facts from outside, or redirects."""
        rules, decision_input = self.rules(), input_of(exchange)
        if questions(rules, decision_input):
            return False
        self.check_blocks(exchange.caller.identity, exchange.now)
        if self.maintenance.announced:
            self._check_maintenance(exchange, decision_input)
        return self._decide(exchange, rules, decision_input, NOTHING_ASKED).allowed

    def as_before(self, exchange: Exchange, before: CachedPermission) -> bool:
        """Fill in `judgement` as it was; False where other rules are in force, or a maintenance is announced. Raises Blocked."""
        if self.rules() is not before.rules or self.maintenance.announced:
            return False
        self.check_blocks(exchange.caller.identity, exchange.now)
        exchange.judgement, exchange.handling = before.judgement, before.handling
        return True

    def _decide(
        self, exchange: Exchange, rules: RuleSet, decision_input: DecisionInput, facts: Gathered
    ) -> Decision:
        decision = decide(rules, decision_input)
        exchange.judgement = judgement = Judgement(rules.hash, decision_input, decision, facts)
        exchange.handling = decision.handling
        # A stream that is open cannot be redirected.
        if not decision.allowed and (decision.redirect is None or exchange.earlier is not None):
            raise _refusal(exchange, judgement, rules)
        return decision

    def check_blocks(self, identity: Identity | None, now: float) -> None:
        """Raise Blocked where a block keeps out whoever this is at this moment (seconds since the epoch)."""
        block = self.blocks.of(identity, now) if identity is not None else None
        if block is not None:
            raise Blocked(f"block {block.id}", block=block.id)

    def _check_maintenance(self, exchange: Exchange, decision_input: DecisionInput) -> None:
        found = self.maintenance.keeps_out(decision_input, open_stream=exchange.earlier is not None)
        if found is not None:
            raise _unavailable(found, exchange.now)

    async def _with_facts(
        self, exchange: Exchange, rules: RuleSet, decision_input: DecisionInput
    ) -> tuple[DecisionInput, Gathered]:
        asked = questions(rules, decision_input)
        known: Mapping[str, Any] = NOTHING
        if exchange.earlier is not None and exchange.earlier.judgement is not None:
            # Judging a stream again must not use up a rate limit.
            known = exchange.earlier.judgement.facts.facts
            asked = tuple(
                each
                for each in asked
                if each.source.cache_ttl > 0 or each.source.asked_again or each.name not in known
            )
        gathered = await self.gatherer.gather(asked)
        for name, problem in gathered.failures.items():
            log.warning("fact not gathered", fact=name, reason=problem, request_id=exchange.id)
        facts = {**known, **gathered.facts} if known else gathered.facts
        return (decision_input._replace(facts=facts) if facts else decision_input), gathered


def input_of(exchange: Exchange) -> DecisionInput:
    """What rules judge of a request, and of its caller as far as that is known."""
    request = exchange.admitted
    return DecisionInput(
        method=request.method,
        host=request.host,
        path=request.path,
        segments=request.segments,
        client=request.client,
        now=exchange.now,
        identity=exchange.caller.identity,
        doubt=request.doubt,
        websocket=request.websocket is not None,
    )


def _refusal(exchange: Exchange, judgement: Judgement, rules: RuleSet) -> Exception:
    """The error for a denial: what is missing, or why that is not known."""
    decision, decision_input = judgement.decision, judgement.decision_input
    assert decision is not None
    assert decision_input is not None
    if decision.error is not None:
        return PolicyFailed(decision.error)
    if decision.reason == AMBIGUOUS:
        return BadRequest(f"path has several readings: {decision_input.path[:80]!r}", code=AMBIGUOUS)
    trouble = exchange.caller.trouble
    if decision.reason == NO_WEBSOCKET:
        return WebSocketRefused(f"rule {decision.rule!r} has no websocket: true", reason="rule")
    if decision_input.identity is None and (trouble is not None or decision.login_helps):
        error = trouble or LoginRequired(decision.reason)
        methods = methods_for_login(rules, decision_input) if isinstance(error, LoginRequired) else ()
        error.facts.update({"acr_values": methods} if methods else {})
        return error
    if judgement.facts.failures and not decision.alternatives:
        return FactsUnavailable(f"no answer about {', '.join(judgement.facts.failures)}")
    return refusal(decision, exchange.now, partial(_way_out, exchange.id, rules, decision_input, decision))


def _unavailable(current: Current, now: float) -> UnderMaintenance:
    """The error during maintenance; the fact `retry_after` is in whole seconds, `until` is there where it is known."""
    until, seconds = current.until, _COME_AGAIN
    end: dict[str, str] = {}
    if isfinite(until):
        seconds = max(1, ceil(until - now))
        end = {"until": datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds")}
    about = current.maintenance
    return UnderMaintenance(about.message, until, maintenance=about.id, retry_after=seconds, **end)


def refusal(decision: Decision, now: float, find: Callable[[], Advice] = Advice) -> Forbidden:
    """The error for a denial; `now` is in seconds since the epoch, `find` finds the way out."""
    missing = [each for alternative in decision.alternatives for each in alternative]
    if not missing or any(each.kind != "rate" for each in missing):
        return Forbidden(decision, find)
    moments = [datetime.fromisoformat(each.detail).timestamp() for each in missing if each.detail]
    return TooManyRequests(decision, max(1, ceil(max(moments, default=now) - now)), find)


def _way_out(request_id: str, rules: RuleSet, decision_input: DecisionInput, decision: Decision) -> Advice:
    """What helps. A policy that raises where it is asked about steps makes a denial no failure."""
    try:
        return advise(rules, decision_input, decision)
    except BaseException as problem:
        log.exception(
            "no way out could be looked for", rule=decision.rule, request_id=request_id, exc_info=problem
        )
        return Advice()
