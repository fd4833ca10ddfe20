"""Whether the services that policies ask give answers that count: one finding for each service that can be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2

from gateway.doctor.check_result import CheckResult
from gateway.outgoing.failure import failure_of
from gateway.plugin import FactSource
from gateway.policy.ruleset import RuleSet, walk

_CHECK = "decision point"


async def fact_sources(rules: RuleSet) -> list[CheckResult]:
    """The findings about the sources of these rules, also of emergency rules that are closed; each is asked once."""
    found = [await _finding(source) for source in dict.fromkeys(_sources(rules))]
    return [finding for finding in found if finding is not None]


def _sources(rules: RuleSet) -> Iterator[FactSource]:
    for rule in rules.every:
        for policy in walk(rule.require):
            source = policy.fact_source()
            if source is not None:
                yield source


async def _finding(source: FactSource) -> CheckResult | None:
    """None where the source has no check of its own."""
    where = getattr(source, "url", type(source).__name__)
    try:
        client = await asyncio.to_thread(source.connect)
    except (ValueError, OSError) as problem:
        return CheckResult(
            _CHECK, "failed", f"{where}: {problem}", "correct what the message says, in the rule"
        )
    try:
        async with asyncio.timeout(source.timeout):
            says = await client.check()
    except (httpx2.HTTPError, TimeoutError) as problem:
        kind, words = failure_of(problem)
        do = f"let this machine reach {urlsplit(where).netloc}; until then the rules that ask it refuse everybody"
        return CheckResult(_CHECK, "failed", f"{where}: {words}", do, kind)
    except Exception as problem:  # noqa: BLE001 - whatever a source raises, its answer would not count
        do = "correct its address or credential in the rule, or ask its operator; until then the rules refuse everybody"
        return CheckResult(_CHECK, "failed", f"{where}: {problem}", do, "answer")
    finally:
        await client.aclose()
    return CheckResult(_CHECK, "ok", says) if says else None
