"""What rules say about the requests they decide, checked against the environment: upstreams, limits, headers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.config.model import EnvironmentSettings, IdentitySection
from gateway.config.positions import Place
from gateway.config.problems import unknown
from gateway.handling import DEFAULT_UPSTREAM
from gateway.identity.header_names import fold_header_name, is_well_known
from gateway.policy.handling_settings import RequestHeaderChanges
from gateway.policy.pattern import Literal, Pattern
from gateway.policy.ruleset import Rule
from gateway.policy.settings import RuleSettings
from gateway.upstream.credentials import Credentials

# The place below the rule, and the message.
Fault = tuple[Place, str]


def handling_faults(
    rule: RuleSettings,
    environment: str,
    settings: EnvironmentSettings | None,
    identity: IdentitySection | None,
) -> Iterator[Fault]:
    """Everything that doesn't fit. Without settings only what the rule itself says is checked."""
    variables = rule.match.pattern.variables
    if rule.redirect is not None:
        for name in rule.redirect.variables:
            if name not in variables:
                yield ("redirect", "to"), unknown("path variable", name, variables)
    yield from _identity_headers(rule, settings, identity)
    yield from _fixed_headers(rule, settings)
    if settings is None:
        return
    limit = settings.edge.max_body_bytes
    if rule.max_body is not None and rule.max_body > limit:
        yield (
            ("max_body",),
            f"environment {environment!r} takes no body above edge.max_body_bytes, {limit}: raise that first",
        )
    name = rule.upstream or DEFAULT_UPSTREAM
    found = settings.every_upstream.get(name)
    if found is None:
        words = unknown("upstream", name, settings.every_upstream)
        yield ("upstream",), f"{words} in environment {environment!r}"
    elif rule.redirect is None and not is_below(rule.match.pattern, found.strip_prefix):
        place: Place = ("upstream",) if rule.upstream is not None else ("match",)
        yield (
            place,
            f"upstream {name!r} takes {found.strip_prefix} off the path, but this rule also matches paths that do not "
            f"begin with it: write path: {found.strip_prefix}/**",
        )


def is_below(pattern: Pattern, prefix: str) -> bool:
    """Whether every path of the pattern begins with the segments of this prefix."""
    words = prefix[1:].split("/") if prefix else []
    wanted = tuple(Literal(word.lower() if pattern.folds else word) for word in words)
    return pattern.parts[: len(wanted)] == wanted


def cannot_go_live(rule: Rule, running: EnvironmentSettings, identity: IdentitySection) -> str:
    """Why a process that runs with these settings cannot take a rule; empty where it can."""
    handling = rule.handling
    upstream = running.every_upstream.get(handling.upstream)
    if upstream is None:
        return f"uses the upstream {handling.upstream!r}, which this process does not have yet"
    if handling.redirect is None and not is_below(rule.pattern, upstream.strip_prefix):
        return f"matches paths that do not begin with {upstream.strip_prefix}, the prefix in use of {handling.upstream!r}"
    if handling.request_headers is not None:
        names = {*(name for name, _ in handling.request_headers.set), *handling.request_headers.remove}
        written = _folded((*_written(running, identity), *Credentials(upstream).names))
        for name in sorted(names):
            if fold_header_name(name) in written:
                return f"changes {name.decode('ascii')}, which this process writes itself"
    return ""


def _identity_headers(
    rule: RuleSettings, settings: EnvironmentSettings | None, identity: IdentitySection | None
) -> Iterator[Fault]:
    changes = rule.request_headers
    if changes is None:
        return
    folded = _folded(_written(settings, identity))
    for place, name in _changed(changes):
        each = fold_header_name(name.encode("ascii"))
        if each in folded or is_well_known(each):
            yield (
                place,
                f"{name} is an identity header: only `identity: headers:` says what the upstream gets in it",
            )


def _fixed_headers(rule: RuleSettings, settings: EnvironmentSettings | None) -> Iterator[Fault]:
    """Headers that the upstream would get twice: fixed by its own settings, and by the rule."""
    name = rule.upstream or DEFAULT_UPSTREAM
    upstream = settings.every_upstream.get(name) if settings is not None else None
    if rule.request_headers is None or upstream is None:
        return
    fixed = _folded(Credentials(upstream).names)
    for place, header in _changed(rule.request_headers):
        if fold_header_name(header.encode("ascii")) in fixed:
            yield place, f"upstream {name!r} always gets its own {header}: no rule can change that"


def _written(settings: EnvironmentSettings | None, identity: IdentitySection | None) -> Iterator[str]:
    """The headers that say who somebody is."""
    if identity is not None:
        yield from (*identity.headers, *identity.strip_headers)
    if settings is not None and settings.assertion.header:
        yield settings.assertion.header


def _folded(names: Iterable[str]) -> set[bytes]:
    return {fold_header_name(name.encode("ascii")) for name in names}


def _changed(changes: RequestHeaderChanges) -> Iterator[tuple[Place, str]]:
    for name in changes.set:
        yield ("request_headers", "set", name), name
    for number, name in enumerate(changes.remove):
        yield ("request_headers", "remove", number), name
