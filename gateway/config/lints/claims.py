"""Names of claims and scopes: those that are not kept, not asked for, or almost the name of another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from gateway.analysis.lint import Finding
from gateway.auth.settings import ClaimSettings
from gateway.config.lints.codes import described_people
from gateway.config.load import Source
from gateway.config.positions import Place
from gateway.plugin import Distinctions, NamedRight
from gateway.policy.ruleset import RuleSet, options, walk

# Which scope brings a claim at ACM (page "scopes en claims"); a role claim comes with the scope of its application.
_SCOPES: Final = {
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
_GENERAL: Final = frozenset((*_SCOPES.values(), "openid", "offline_access", "email", "phone"))
_CLAIMS: Final = frozenset(
    (
        *_SCOPES,
        "sub",
        "vo_email",
        "email",
        "phone_number",
        "vo_ovocode",
        "vo_kbonummer",
        "acr",
        "amr",
        "auth_time",
        "cot",
    )
)
_ROLE: Final = re.compile(r"(\w+)_rol(?:_[23]d)?")
_ALIKE: Final = 0.8


def claims(source: Source) -> Iterator[Finding]:
    """The findings about `identity.claims`, `identity.rights`, and the claims of rules and people."""
    yield from _not_kept(source)
    yield from _unseen(source)
    yield from _misspelt(source)
    yield from _not_read(source)


def scopes(source: Source, name: str) -> Iterator[Finding]:
    """Claims that are kept or read in one environment, but whose scope is not requested."""
    config = source.config
    asked = config.environments[name].provider.scopes
    at = source.at(("environments", name, "provider", "scopes"))
    for claim in config.identity.claims.extra:
        scope = _SCOPES.get(claim)
        if scope is not None and scope not in asked:
            words = f"the claim {claim!r} comes with the scope {scope!r}, which is not requested"
            yield Finding(at, "scope-not-asked", words)
    read = config.identity.claims
    for claim, needed in ((read.organisation, _needs_organisation), (read.doelgroep, _needs_doelgroep)):
        scope = _SCOPES.get(claim)
        if scope is not None and scope not in asked and needed(config.rules[name]):
            words = f"rules need the claim {claim!r}, which comes with the scope {scope!r}, which is not requested"
            yield Finding(at, "scope-not-asked", words)
    if set(asked) <= _GENERAL and any(right_names(config.rules[name])):
        roles = ", ".join(config.identity.rights.claims)
        words = f"rules need rights, but no application scope that brings {roles} is requested"
        yield Finding(at, "scope-not-asked", words)
    for scope in asked:
        if scope not in _GENERAL and (near := get_close_matches(scope, sorted(_GENERAL), n=1, cutoff=_ALIKE)):
            yield Finding(at, "misspelt-claim", f"ACM has no scope {scope!r}; did you mean {near[0]!r}?")


def right_names(rules: RuleSet, without: frozenset[str] = frozenset()) -> Iterator[str]:
    """The names of the rights that rules need, but those `without`."""
    for rule in rules.every:
        if rule.id not in without:
            for policy in walk(rule.require):
                yield from (right.key for right in options(policy) if isinstance(right, NamedRight))


def _needs_organisation(rules: RuleSet) -> bool:
    return any(right_names(rules)) or any(
        (policy.distinctions() or Distinctions()).organisations
        for rule in rules.every
        for policy in walk(rule.require)
    )


def _needs_doelgroep(rules: RuleSet) -> bool:
    return any(
        (policy.distinctions() or Distinctions()).doelgroepen
        for rule in rules.every
        for policy in walk(rule.require)
    )


def _unseen(source: Source) -> Iterator[Finding]:
    """Names that are read and that neither ACM's documentation nor anybody who is described has."""
    section = source.config.identity
    has = {name for _, person in described_people(source) for name in person.acm or ()}
    kept = {name for _, person in described_people(source) for name in person.claims}
    texts = [key for key in ClaimSettings.model_fields if key != "extra"]
    places: list[tuple[Place, str]] = [
        (("identity", "claims", key), getattr(section.claims, key)) for key in texts
    ]
    places += [(("identity", "claims", "extra", at), name) for at, name in enumerate(section.claims.extra)]
    places += [(("identity", "rights", "claims", at), name) for at, name in enumerate(section.rights.claims)]
    for place, name in places:
        near = get_close_matches(name.casefold(), sorted(_CLAIMS), n=1, cutoff=_ALIKE)
        role = place[1] == "rights" and (_ROLE.fullmatch(name) or _role_fault(name, set()))
        if name in _CLAIMS | has | kept or near or role:
            continue
        words = (
            f"ACM's documentation has no claim {name!r}, and nobody under `people:` has it: if it is mistyped it is always absent;"
            " describe somebody who has it, by `acm:`"
        )
        yield Finding(source.at(place, at_key=False), "unseen-claim", words)


def _not_kept(source: Source) -> Iterator[Finding]:
    """Policies that read a claim that is not kept."""
    kept = source.config.identity.claims.extra
    for rules in source.config.rules.values():
        for rule in rules.every:
            for policy in walk(rule.require):
                for name in policy.claims_read():
                    if name not in kept and "claim-not-kept" not in rule.accepts:
                        words = f"rule {rule.id!r} looks at the claim {name!r}, which `identity: claims: extra:` does not keep"
                        yield Finding(rule.at, "claim-not-kept", words)


def _misspelt(source: Source) -> Iterator[Finding]:
    """Names that are almost those of ACM."""
    read = source.config.identity.claims
    places: list[tuple[Place, str]] = []
    for key in ClaimSettings.model_fields:
        value = getattr(read, key)
        several = enumerate(value) if isinstance(value, tuple) else ((None, value),)
        for number, name in several:
            place: Place = (
                ("identity", "claims", key) if number is None else ("identity", "claims", key, number)
            )
            places.append((place, name))
    for at_place, name in places:
        near = get_close_matches(name.casefold(), sorted(_CLAIMS), n=1, cutoff=_ALIKE)
        if name not in _CLAIMS and near:
            words = f"ACM sends no claim {name!r}; did you mean {near[0]!r}?"
            yield Finding(source.at(at_place, at_key=False), "misspelt-claim", words)
    asked = {
        scope for each in source.config.environments.values() for scope in each.provider.scopes
    } - _GENERAL
    for number, name in enumerate(source.config.identity.rights.claims):
        fault = _role_fault(name, asked)
        if fault is not None:
            at = source.at(("identity", "rights", "claims", number), at_key=False)
            yield Finding(at, "misspelt-claim", fault)


def _role_fault(name: str, scopes: set[str]) -> str | None:
    """Why ACM sends no such role claim: its form, or a beginning that is almost a requested scope."""
    found = _ROLE.fullmatch(name)
    if found is None:
        likely = re.sub(r"[-_ ]?rol[-_ ]?([23])[-_ ]?d?$", r"_rol_\1d", name.casefold())
        return f"ACM's role claims end in _rol_3d: did you mean {likely!r}?" if likely != name else None
    near = get_close_matches(found[1], sorted(scopes), n=1, cutoff=0.7)
    if near and not any(found[1].startswith(scope) or scope.startswith(found[1]) for scope in scopes):
        return f"the claim {name!r} comes with the scope {found[1]!r}, which is not requested; did you mean '{near[0]}_rol_3d'?"
    return None


def _not_read(source: Source) -> Iterator[Finding]:
    """Claims of described people that are almost the name of one that is read."""
    section = source.config.identity
    read = {
        *(getattr(section.claims, key) for key in ClaimSettings.model_fields if key != "extra"),
        *section.claims.extra,
        *section.rights.claims,
    }
    for place, person in described_people(source):
        for name in person.acm or ():
            if name in read or name in _CLAIMS:
                continue
            near = get_close_matches(name.casefold(), sorted(read), n=1, cutoff=_ALIKE)
            if near:
                words = f"nothing reads the claim {name!r} of this person; did you mean {near[0]!r}?"
                yield Finding(source.at((*place, "acm", name)), "misspelt-claim", words)
