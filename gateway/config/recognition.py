"""Settings by which the gateway recognises people, and what changes in them: rules alone don't show who gains or loses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from gateway.analysis.access import access_of
from gateway.analysis.equivalence import CLIENT, NOON
from gateway.analysis.person import Person
from gateway.analysis.suite import Case, Invariant
from gateway.config.model import Config
from gateway.edge.authority import host_names
from gateway.plugin import UnknownName

_IDENTITY: Final = ("claims", "rights")
_PROVIDER: Final = ("scopes", "acr_values", "minimum_level", "levels", "userinfo")
_ABSENT: Final = "-"


def recognition_changes(before: Config, old: str, after: Config, new: str) -> Iterator[str]:
    """One line for each changed setting, and one for each described person who loses or gains rules by that.

    Two environments differ in their addresses anyway: of those only what rules depend on is compared.
    """
    was, now = _settings(before, old, same=old == new), _settings(after, new, same=old == new)
    lines = [
        f"~ {name}: {was.get(name, _ABSENT)} -> {now.get(name, _ABSENT)}, {_decides(name)}"
        for name in dict.fromkeys((*was, *now))
        if was.get(name) != now.get(name)
    ]
    yield from lines
    for name, person in after.people.items() if lines else ():
        reached = [
            _reached(config, environment, person) for config, environment in ((before, old), (after, new))
        ]
        for sign, word, rules in (
            ("-", "loses", reached[0] - reached[1]),
            ("+", "gains", reached[1] - reached[0]),
        ):
            if rules:
                yield f"{sign} {name} of `people:` {word} {', '.join(sorted(rules))}"


def _decides(name: str) -> str:
    whom = "the register" if name.startswith("identity.headers") else "the rules"
    return f"which decides who people are to {whom}"


def suite_changes(before: Config, after: Config, environment: str) -> Iterator[str]:
    """One line for each test and invariant of the environment that is gone, or proves something else."""
    old, new = before.suites[environment], after.suites[environment]
    for kind, had, has in (("test", old.cases, new.cases), ("never", old.invariants, new.invariants)):
        kept = [_untitled(each) for each in has]
        for each in had:
            if _untitled(each) not in kept:
                yield f"~ {kind} {each.title!r} is gone or changed: what it proved may be lost"


def _untitled(proof: Case | Invariant) -> Case | Invariant:
    return replace(proof, title="", where=("", 0, 0))


def _reached(config: Config, environment: str, person: Person) -> set[str]:
    """The rules that let a described person in."""
    settings = config.environments[environment]
    section = config.identity
    try:
        identity = person.identity(config.rights, settings.provider.issuer, section.claims, section.rights)
    except UnknownName:  # a right of the other configuration
        return set()
    host = host_names(settings.public_url)[0]
    access = access_of(config.rules[environment], identity, host=host, client=CLIENT, now=NOON.timestamp())
    return {each.rule for each in access if each.decision.allowed}


def _settings(config: Config, environment: str, *, same: bool) -> dict[str, str]:
    settings = config.environments[environment]
    machines = settings.machines
    whole: dict[str, Any] = {
        "identity.headers": config.identity.model_dump(mode="json", include={"headers"})["headers"],
        "identity": config.identity.model_dump(mode="json", include=set(_IDENTITY)),
        "provider": settings.provider.model_dump(mode="json", include=set(_PROVIDER)),
    }
    if same:
        whole["provider.issuer"] = settings.provider.issuer
        whole["machines"] = machines.model_dump(mode="json", exclude={"introspection"}) if machines else None
        whole["edge"] = settings.edge.model_dump(mode="json", include={"trusted_proxies"})
    return dict(_flat(whole, ""))


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value and name != "provider.levels":
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else key)
    else:
        yield name, json.dumps(value, ensure_ascii=False)
