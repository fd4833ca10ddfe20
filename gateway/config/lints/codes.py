"""Codes of organisations, doelgroepen, people and authentication methods that cannot exist, in rules and in suites."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from difflib import get_close_matches
from typing import Any, Final

from gateway.analysis.identifiers import DOELGROEPEN, national_number_fault, organisation_fault
from gateway.analysis.lint import Finding
from gateway.analysis.person import Person
from gateway.auth.claims import identity_from, parse_right
from gateway.config.load import Source
from gateway.config.positions import Place
from gateway.plugin import Distinctions, Policy
from gateway.policy.ruleset import Rule, options, templates, walk

_NATIONAL: Final = frozenset(("rrn", "nationalnumber", "national_number"))
# The reason of a denial.
_OTHERS: Final = "right-for-another-organisation"
# What a claim holds, and whether that begins with OVO.
_KINDS: Final = {"vo_ovocode": ("an OVO code", True), "vo_kbonummer": ("a KBO number", False)}
# The code of a finding and its words.
_Fault = tuple[str, str]


def codes(source: Source, name: str) -> Iterator[Finding]:
    """Codes in the rules of one environment that nobody can have."""
    for rule in source.config.rules[name].every:
        yield from _of_rule(rule, source.config.environments[name].provider.levels)


def codes_of_people(source: Source) -> Iterator[Finding]:
    """Codes of described people that nobody can have."""
    known = {acr for each in source.config.environments.values() for acr in each.provider.levels}
    for place, person in described_people(source):
        for below, fault in _of_person(source, person, known):
            yield Finding(source.at((*place, *below), at_key=False), *fault)
        other = _of_another(source, person)
        if other is not None and not _is_about_others(source, place):
            yield Finding(source.at(place), *other)


def described_people(source: Source) -> Iterator[tuple[Place, Person]]:
    """Every person in `people:`, `tests:` and `never:`, with its place."""
    document = source.document
    for name, person in document.people.items():
        yield ("people", name), person
    for key, tried in (("tests", document.tests), ("never", document.never)):
        for number, each in enumerate(tried):
            if isinstance(each.as_, Person):
                yield (key, number, "as"), each.as_


def _of_rule(rule: Rule, levels: Collection[str]) -> Iterator[Finding]:
    for policy in walk(rule.require):
        for code, words in _of_policy(policy, levels):
            if code not in rule.accepts:
                yield Finding(rule.at, code, f"rule {rule.id!r}: {words}")


def _of_policy(policy: Policy, levels: Collection[str]) -> Iterator[_Fault]:
    if any(isinstance(option, Policy) for option in options(policy)):
        return  # its parts are looked at themselves
    found = policy.distinctions() or Distinctions()
    written = [each.text for each in templates(policy) if all(name is None for _, name in each.parts)]
    for code in (*found.organisations, *written):
        yield from _organisation(code)
    for doelgroep in found.doelgroepen:
        yield from _doelgroep(doelgroep)
    for acr in found.acrs:
        yield from _method(acr, levels)
    for name, value in found.claims:
        if isinstance(value, str):
            yield from _claimed(name, value)


def _of_person(source: Source, person: Person, levels: Collection[str]) -> Iterator[tuple[Place, _Fault]]:
    if person.acm is not None:
        yield from _sent(source, person.acm, levels)
        return
    if person.organisation is not None:
        yield from ((("organisation",), fault) for fault in _organisation(person.organisation))
    if person.doelgroep is not None:
        yield from ((("doelgroep",), fault) for fault in _doelgroep(person.doelgroep))
    if person.acr is not None:
        yield from ((("acr",), fault) for fault in _method(person.acr, levels))
    for number, element in enumerate(person.rights):
        for right in parse_right(element):
            yield from ((("rights", number), fault) for fault in _organisation(right.organisation))


def _of_another(source: Source, person: Person) -> _Fault | None:
    """What is odd where somebody has rights, and none of them for the organisation that the session acts for."""
    section = source.config.identity
    held = tuple(right for element in person.rights for right in parse_right(element))
    own = person.organisation
    if person.acm is not None:
        identity = identity_from(
            {"sub": "", **person.acm, "iss": ""}, section.claims, section.rights, now=0.0
        )
        held, own = identity.rights, identity.organisation.code if identity.organisation else None
    elif any(name in source.config.rights for name in person.rights):
        return None
    codes = dict.fromkeys(right.organisation for right in held)
    if own is None or not codes or own in codes:
        return None
    words = (
        f"this person acts for {own} and has rights for {', '.join(codes)} alone, which count for nothing: tests with them prove"
        " little; write the same organisation, or say in the tests `reason: right-for-another-organisation`"
    )
    return "right-of-another", words


def _is_about_others(source: Source, place: Place) -> bool:
    """Whether a test says that rights for another organisation are what it is about."""
    tests = source.document.tests
    if place[0] == "people":
        return any(each.as_ == place[1] and each.reason == _OTHERS for each in tests)
    return place[0] == "tests" and isinstance(place[1], int) and tests[place[1]].reason == _OTHERS


def _sent(source: Source, sent: dict[str, Any], levels: Collection[str]) -> Iterator[tuple[Place, _Fault]]:
    """The same of claims as ACM sends them."""
    section = source.config.identity
    checks: dict[str, Callable[[str], Iterator[_Fault]]] = {
        section.claims.organisation: _organisation,
        section.claims.doelgroep: _doelgroep,
        "acr": lambda acr: _method(acr, levels),
    }
    for name, value in sent.items():
        if isinstance(value, str):
            check = checks.get(name)
            faults = check(value) if check is not None else _claimed(name, value)
            yield from ((("acm", name), fault) for fault in faults)
    for claim in section.rights.claims:
        value = sent.get(claim)
        for number, element in enumerate(
            value if isinstance(value, list) else [value] if value is not None else ()
        ):
            place: Place = ("acm", claim, number) if isinstance(value, list) else ("acm", claim)
            rights = parse_right(element) if isinstance(element, str) else ()
            if not rights:
                words = f"{element!r} is no right as ACM sends it: Right-Context:OrganisationCode"
                yield place, ("not-a-right", words)
            for right in rights:
                yield from ((place, fault) for fault in _organisation(right.organisation))


def _claimed(name: str, value: str) -> Iterator[_Fault]:
    """What is wrong with the value of a claim whose name says what it is."""
    if name in _NATIONAL:
        yield from _national(value)
    elif name == "vo_doelgroepcode":
        yield from _doelgroep(value)
    elif name in ("vo_orgcode", "wv_orgcode", "ssm_mandaatgever"):
        yield from _organisation(value)
    elif name in _KINDS:
        yield from _organisation(value)
        kind, begins = _KINDS[name]
        if organisation_fault(value) is None and value.startswith("OVO") is not begins:
            yield "impossible-organisation", f"{name!r} is {kind}, and {value!r} is another kind of code"


def _organisation(code: str) -> Iterator[_Fault]:
    fault = organisation_fault(code)
    if fault is not None:
        yield "impossible-organisation", f"no organisation has the code {code!r}: {fault}"


def _national(number: str) -> Iterator[_Fault]:
    fault = national_number_fault(number)
    if fault is not None:
        yield "impossible-person", f"nobody has this national number: {fault}"


def _doelgroep(name: str) -> Iterator[_Fault]:
    if name not in DOELGROEPEN:
        known = ", ".join(f"{code} ({what})" for code, what in DOELGROEPEN.items())
        words = f"ACM has no doelgroep {name!r}{_nearest(name, DOELGROEPEN)}; it has {known}"
        yield "unknown-doelgroep", words


def _method(acr: str, levels: Collection[str]) -> Iterator[_Fault]:
    if acr not in levels:
        words = f"no authentication method is called {acr!r}{_nearest(acr, levels)}; `provider: levels:` lists them"
        yield "unknown-acr", words


def _nearest(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name.upper() if name.isalpha() else name, sorted(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""
