"""What is allowed: the rules in force, candidate rules, facts from outside."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.assembly.environment import Environment
from gateway.policy.candidate import Candidate
from gateway.policy.facts import Gatherer
from gateway.reload.rule_archiver import RuleArchiver
from gateway.reload.rules import RulesReload
from gateway.reload.shadow import ShadowReload


@dataclass(frozen=True, slots=True)
class Rules:
    """`reload` has the rules in force, `shadow` the candidate rules; `keeper` keeps the rules that records refer to."""

    reload: RulesReload
    keeper: RuleArchiver
    candidate: Candidate
    shadow: ShadowReload
    facts: Gatherer


def rules(environment: Environment) -> Rules:
    """Makes what decides in this environment."""
    name, settings, events = environment.name, environment.settings, environment.events
    reload = RulesReload(
        environment.config, name, clock=environment.clock, steady=environment.steady, on_event=events
    )
    keeper = RuleArchiver(
        settings.observe.records.path,
        name,
        config=lambda: reload.config,
        keys=settings.ring("records").read,
    )
    candidate = Candidate(events)
    shadow = ShadowReload(candidate, reload.candidate_file, name, on_event=events)
    return Rules(reload, keeper, candidate, shadow, Gatherer())
