"""All warnings about a valid configuration: those about rules (gateway.analysis) and those of the modules in `lints`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path

from gateway.analysis.conditional import lint_conditional
from gateway.analysis.evidence import Pair
from gateway.analysis.lint import Finding, lint, unreachable
from gateway.analysis.opened import lint_openings
from gateway.analysis.possible import lint_possible
from gateway.config.headers import fixed_headers
from gateway.config.lints.authzen import authzen
from gateway.config.lints.blocks import lost_blocks
from gateway.config.lints.claims import claims, right_names, scopes
from gateway.config.lints.codes import codes, codes_of_people
from gateway.config.lints.dates import dates
from gateway.config.lints.decision_points import decision_points
from gateway.config.lints.emergency import emergencies
from gateway.config.lints.foreign import foreign
from gateway.config.lints.labels import labels, rule_labels
from gateway.config.lints.levels import levels
from gateway.config.lints.maintenance import maintenance
from gateway.config.lints.network import network
from gateway.config.lints.paths import idle_cases, nearly_matching, paths
from gateway.config.lints.rights import rights
from gateway.config.lints.sessions import sessions
from gateway.config.lints.texts import texts
from gateway.config.lints.unproven import unproven
from gateway.config.load import Source, read_source
from gateway.config.model import Config
from gateway.config.positions import Place
from gateway.edge.authority import host_names
from gateway.policy.moments import BRUSSELS


def findings(path: Path, *, today: date | None = None) -> tuple[Config, tuple[Finding, ...]]:
    """The configuration and its warnings, in the order of the files. Raises ConfigError.

    `today` is the day in Belgium by which dates are judged.
    """
    source = read_source(path)
    return source.config, found_in(source, today=today)


def found_in(
    source: Source, *, today: date | None = None, seen: Collection[Pair] = ()
) -> tuple[Finding, ...]:
    """The warnings; the rights that were `seen` in records count as known."""
    now = datetime.now(BRUSSELS) if today is None else datetime.combine(today, time(12), BRUSSELS)
    environments = source.config.environments
    found: dict[Finding, list[str]] = {}
    for name in environments:
        accepted = environments[name].accept
        for finding in _of_environment(source, name, now):
            # Of these codes, rules have `other-environment` alone, which is about the environment.
            if finding.code in accepted:
                continue
            found.setdefault(finding, []).append(name)
    merged = [
        finding
        if len(set(names)) == len(environments)
        else Finding(finding.at, finding.code, f"{finding.message} (in {', '.join(dict.fromkeys(names))})")
        for finding, names in found.items()
    ]
    whole = (
        *_rights(source),
        *rights(source, seen),
        *claims(source),
        *codes_of_people(source),
        *nearly_matching(source),
        *idle_cases(source),
        *unproven(source),
        *texts(source),
        *labels(source),
        *_underscores(source),
        *lost_blocks(source),
    )
    return tuple(sorted({*merged, *whole} - {*_accepted_rights(source, whole)}))


def _accepted_rights(source: Source, found: Iterable[Finding]) -> Iterator[Finding]:
    """The findings that the entry of `rights:` itself accepts."""
    accepted = {source.at(("rights", key)): right.accept for key, right in source.document.rights.items()}
    return (each for each in found if each.code in accepted.get(each.at, ()))


def _of_environment(source: Source, name: str, now: datetime) -> Iterator[Finding]:
    config = source.config
    hosts = _hosts(config, name)
    yield from lint(config.rules[name], hosts)
    yield from lint_conditional(config.rules[name], hosts)
    yield from lint_possible(config.rules[name])
    yield from lint_openings(config.rules[name], config.environments[name].paths.names)
    yield from scopes(source, name)
    yield from codes(source, name)
    yield from dates(source, name, now.date())
    yield from network(source, name)
    yield from decision_points(source, name)
    yield from authzen(source, name, hosts)
    yield from paths(source, name)
    yield from _upstreams(source, name)
    yield from emergencies(source, name, hosts)
    yield from maintenance(source, name, now)
    yield from rule_labels(source, name)
    yield from levels(source, name)
    yield from sessions(source, name)
    yield from foreign(source, name)


def _hosts(config: Config, name: str) -> tuple[str, ...]:
    settings = config.environments[name]
    return host_names(settings.public_url, settings.edge.hosts)


def _upstreams(source: Source, name: str) -> Iterator[Finding]:
    """Upstreams that no rule uses."""
    config = source.config
    used = {rule.handling.upstream for rule in config.rules[name].every if rule.handling.redirect is None}
    for upstream in config.environments[name].upstreams:
        if upstream not in used:
            at = source.at(("environments", name, "upstreams", upstream))
            yield Finding(at, "unused-upstream", f"no rule uses the upstream {upstream!r}")


def _rights(source: Source) -> Iterator[Finding]:
    """Rights that no rule names, and rights that only rules without effect name."""
    config = source.config
    needed_by_any = {key for rules in config.rules.values() for key in right_names(rules)}
    needed = {
        key
        for name, rules in config.rules.items()
        for key in right_names(rules, unreachable(rules, _hosts(config, name)))
    }
    for key in config.rights:
        at = source.at(("rights", key))
        if key not in needed_by_any:
            yield Finding(at, "unused-right", f"no rule names the right {key!r}")
        elif key not in needed:
            words = f"no rule needs the right {key!r}: the rules that name it decide nothing"
            yield Finding(at, "needless-right", words)


def _underscores(source: Source) -> Iterator[Finding]:
    """Headers that most servers drop silently, unless they are meant so."""
    identity = source.config.identity
    places: list[Place] = [("identity", "headers", name) for name in identity.headers]
    for environment, settings in source.config.environments.items():
        places += [place for place, _ in fixed_headers(environment, settings)]
    for place in places:
        name = str(place[-1])
        if "_" in name and name not in identity.headers_with_underscores:
            words = (
                f"nginx, Apache and others drop {name}, because of its underscore: use hyphens, or list it under"
                " `identity: {headers_with_underscores: [...]}`"
            )
            yield Finding(source.at(place), "header-underscore", words)
