"""Warnings about a valid configuration: those about rules (gateway.analysis.lint), rights, claims and scopes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from gateway.analysis.lint import Finding, lint, unreachable
from gateway.analysis.opened import lint_openings
from gateway.blocks.file import read as read_blocks
from gateway.config.headers import fixed_headers
from gateway.config.load import load_with_positions
from gateway.config.model import Config
from gateway.config.positions import Place, Positions
from gateway.plugin import NamedRight, Policy
from gateway.policy.ruleset import RuleSet, walk

# Which scope brings a claim at ACM (page "scopes en claims"); a role claim comes with the scope of its application.
_SCOPES = {
    "given_name": "profile",
    "family_name": "profile",
    "rrn": "rrn",
    "wv_orgcode": "wettelijkvertegenwoordiger",
    "ssm_mandaatgever": "ssm_mandaat",
    "papi_token": "papi",
    "vo_id": "vo",
    "vo_doelgroepcode": "vo",
    "vo_doelgroepnaam": "vo",
    "vo_orgcode": "vo",
    "vo_orgnaam": "vo",
}
_GENERAL = frozenset((*_SCOPES.values(), "openid", "offline_access", "email", "phone"))


def findings(path: Path) -> tuple[Config, tuple[Finding, ...]]:
    """The configuration and its warnings, in the order of the files. Raises ConfigError."""
    config, positions = load_with_positions(path)
    found: dict[Finding, list[str]] = {}
    for name in config.environments:
        for finding in (*_rules(config, name), *_scopes(config, name, positions)):
            found.setdefault(finding, []).append(name)
    for name in config.environments:
        for finding in _upstreams(config, name, positions):
            found.setdefault(finding, []).append(name)
    merged = [_in_environments(finding, names, config) for finding, names in found.items()]
    return config, tuple(
        sorted(
            {
                *merged,
                *_rights(config, positions),
                *_claims(config),
                *_underscores(config, positions),
                *_lost_blocks(config, positions),
            }
        )
    )


def _in_environments(finding: Finding, names: list[str], config: Config) -> Finding:
    if len(names) == len(config.environments):
        return finding
    return Finding(finding.at, finding.code, f"{finding.message} (in {', '.join(names)})")


def _hosts(config: Config, name: str) -> tuple[str, ...]:
    settings = config.environments[name]
    return (urlsplit(settings.public_url).netloc, *settings.edge.hosts)


def _rules(config: Config, name: str) -> Iterator[Finding]:
    yield from lint(config.rules[name], _hosts(config, name))
    yield from lint_openings(config.rules[name], config.environments[name].paths.names)


def _upstreams(config: Config, name: str, positions: Positions) -> Iterator[Finding]:
    """Upstreams that no rule uses."""
    used = {rule.handling.upstream for rule in config.rules[name].rules if rule.handling.redirect is None}
    for upstream in config.environments[name].upstreams:
        if upstream not in used:
            at = _at(positions, ("environments", name, "upstreams", upstream))
            yield Finding(at, "unused-upstream", f"no rule uses the upstream {upstream!r}")


def _rights(config: Config, positions: Positions) -> Iterator[Finding]:
    """Rights that no rule names, and rights that only rules without effect name."""
    named = {key for rules in config.rules.values() for key in _named(rules)}
    needed = {
        key
        for name, rules in config.rules.items()
        for key in _named(rules, unreachable(rules, _hosts(config, name)))
    }
    for key in config.rights:
        at = _at(positions, ("rights", key))
        if key not in named:
            yield Finding(at, "unused-right", f"no rule names the right {key!r}")
        elif key not in needed:
            words = f"no rule needs the right {key!r}: the rules that name it decide nothing"
            yield Finding(at, "needless-right", words)


def _named(rules: RuleSet, without: frozenset[str] = frozenset()) -> Iterator[str]:
    for rule in rules.rules:
        if rule.id not in without:
            for policy in walk(rule.require):
                yield from (right.key for right in _options(policy) if isinstance(right, NamedRight))


def _options(policy: Policy) -> Iterator[object]:
    for name in type(policy).model_fields:
        value = getattr(policy, name)
        yield from value if isinstance(value, (tuple, list)) else (value,)


def _claims(config: Config) -> Iterator[Finding]:
    """Policies that read a claim that is not kept."""
    kept = config.identity.claims.extra
    for rules in config.rules.values():
        for rule in rules.rules:
            for policy in walk(rule.require):
                for name in policy.claims_read():
                    if name not in kept and "claim-not-kept" not in rule.accepts:
                        words = f"rule {rule.id!r} looks at the claim {name!r}, which `identity: claims: extra:` does not keep"
                        yield Finding(rule.at, "claim-not-kept", words)


def _lost_blocks(config: Config, positions: Positions) -> Iterator[Finding]:
    """Blocks in force that find nobody, because the key that made their pseudonym is not configured."""
    for name, settings in config.environments.items():
        try:
            keys = {key.id for key in settings.ring("pseudonyms").read()}
            blocks = read_blocks(config.blocks_file(name), name) or ()
        except ValueError:
            continue  # `gateway doctor` says what cannot be read
        lost = [each.id for each in blocks if each.in_force(time.time()) and each.under_lost_key(keys)]
        if lost:
            place: Place = ("environments", name, "session", "key")
            if settings.keys.pseudonyms is not None:
                place = ("environments", name, "keys", "pseudonyms", "key")
            words = (
                f"these blocks have no effect, because the key of their pseudonyms is not among those of {name!r}:"
                f" {', '.join(sorted(lost))}; name it as a previous key, or block these people again"
            )
            yield Finding(_at(positions, place), "block-without-key", words)


def _underscores(config: Config, positions: Positions) -> Iterator[Finding]:
    """Headers that most servers drop silently, unless they are meant so."""
    identity = config.identity
    places: list[Place] = [("identity", "headers", name) for name in identity.headers]
    for environment, settings in config.environments.items():
        places += [place for place, _ in fixed_headers(environment, settings)]
    for place in places:
        name = str(place[-1])
        if "_" in name and name not in identity.headers_with_underscores:
            words = (
                f"nginx, Apache and others drop {name}, because of its underscore: use hyphens, or list it under"
                " `identity: {headers_with_underscores: [...]}`"
            )
            yield Finding(_at(positions, place), "header-underscore", words)


def _scopes(config: Config, name: str, positions: Positions) -> Iterator[Finding]:
    """Claims that are kept or read, but whose scope is not requested."""
    scopes = config.environments[name].provider.scopes
    at = _at(positions, ("environments", name, "provider", "scopes"))
    for claim in config.identity.claims.extra:
        scope = _SCOPES.get(claim)
        if scope is not None and scope not in scopes:
            words = f"the claim {claim!r} comes with the scope {scope!r}, which is not requested"
            yield Finding(at, "scope-not-asked", words)
    if set(scopes) <= _GENERAL and any(_named(config.rules[name])):
        roles = ", ".join(config.identity.rights.claims)
        words = f"rules need rights, but no application scope that brings {roles} is requested"
        yield Finding(at, "scope-not-asked", words)


def _at(positions: Positions, place: Place) -> tuple[str, int, int]:
    found = positions.problem(place, "", at_key=True)
    return found.file, found.line, found.column
