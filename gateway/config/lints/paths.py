"""Path patterns that match no request, or that another spelling of the path bypasses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Final
from urllib.parse import quote

from gateway.analysis.lint import Finding
from gateway.analysis.regex_example import covers_nothing
from gateway.analysis.suite_settings import CaseSettings, NeverSettings
from gateway.config.load import Source
from gateway.config.model import EnvironmentSettings
from gateway.config.positions import Place
from gateway.edge.authority import Authorities, host_names
from gateway.edge.path import is_own, path_of
from gateway.edge.readings import PathReader
from gateway.errors import BadRequest
from gateway.policy.pattern import Literal, Pattern, parse_pattern
from gateway.policy.ruleset import Rule, RuleSet

# Below it nothing is the register's.
_OWN: Final = "oauth2"
_JWKS: Final = "/.well-known/jwks.json"
# How other tools write variables, wildcards and regular expressions.
_OTHER_STYLE: Final = re.compile(
    r":[A-Za-z_]\w*\??|<[^>]+>|.*\[[^\]]*\].*|.+\$|.*[\^|].*|.*\(.*[+*?].*\).*|.*\.\+.*"
)
# Servers that don't tell A-Z from a-z in paths: pages of IIS and ColdFusion.
_FOLDING: Final = re.compile(r"\.(?:aspx?|ashx|asmx|axd|svc|cshtml|cfm)\b", re.IGNORECASE)
_SHORTEST: Final = 4
_ALIKE: Final = 0.85


def paths(source: Source, name: str) -> Iterator[Finding]:
    """The findings about the patterns of one environment's rules and polls, and about invariants."""
    settings, rules = source.config.environments[name], source.config.rules[name]
    for rule in rules.every:
        for code, words in _of_rule(rule, settings):
            if code not in rule.accepts:
                yield Finding(rule.at, code, f"rule {rule.id!r}: {words}")
        others = [other.pattern for other in rules.every if other is not rule]
        slip = swapped_letters(rule.pattern, others)
        if slip is not None and "nearly-a-rule" not in rule.accepts:
            words = f"rule {rule.id!r}: its path begins with {slip[0]!r}, those of other rules with {slip[1]!r}: is that meant?"
            yield Finding(rule.at, "nearly-a-rule", words)
    yield from _case(source, name, rules)
    for number, poll in enumerate(settings.session.polling):
        fault = why_unreachable(poll.path, settings, settings.paths.names)
        if fault is not None:
            place = ("environments", name, "session", "polling", number, "path")
            yield Finding(source.at(place, at_key=False), "impossible-path", fault)
    yield from _invariants(source, settings, rules)


def _of_rule(rule: Rule, settings: EnvironmentSettings) -> Iterator[tuple[str, str]]:
    pattern = rule.pattern
    first = pattern.parts[0] if pattern.parts else None
    if first == Literal(_OWN) or pattern.text == _JWKS:
        yield "own-path", f"the gateway itself answers {pattern.text}, so no request for it comes to a rule"
        return
    if pattern.expression is None:
        for part in pattern.parts:
            if isinstance(part, Literal) and _OTHER_STYLE.fullmatch(part.text):
                words = f"{part.text!r} is compared letter for letter: a variable is written {{name}}, everything below /**"
                yield "other-style", words
    fault = why_unreachable(pattern, settings, settings.paths.names | rule.opens_paths)
    if fault is not None:
        yield "impossible-path", fault


def why_unreachable(pattern: Pattern, settings: EnvironmentSettings, opened: frozenset[str]) -> str | None:
    """Why no path matches this pattern; None where its example does, or where that is not known."""
    if pattern.expression is not None and covers_nothing(pattern.expression.text):
        return (
            f"no request comes to {pattern.text}: it matches no path; a variable is never empty, so each alternative must"
            " have all of them: write a rule for each"
        )
    wanted = tuple(part.text if isinstance(part, Literal) else "x" for part in pattern.parts)
    if pattern.rest:
        wanted = (*wanted, "x")
    reader = PathReader(settings.paths, lambda: opened)
    detail = ""
    for kept in ("", ";"):
        target = "/" + "/".join(quote(text, safe=f"!$&'()*+,=:@~{kept}") for text in wanted)
        try:
            first, doubt = reader.read(path_of(target.encode()))
        except BadRequest as problem:
            detail = (
                detail or f"the gateway refuses {target} before any rule: {problem.detail.partition(':')[0]}"
            )
            continue
        # All readings of a path must lead to the same rule.
        readings = (first, *(doubt.readings if doubt is not None else ()))
        other = next((reading for reading in readings if not _comes(pattern, reading)), None)
        if other is None:
            return None
        detail = f"the gateway also reads {target} as {'/' + '/'.join(other)}"
    return f"no request comes to {pattern.text}: {detail}"


def _comes(pattern: Pattern, reading: tuple[str, ...]) -> bool:
    """Whether the pattern matches; of a regular expression, whether its literal beginning does."""
    return replace(pattern, expression=None).match(reading) is not None


def _case(source: Source, name: str, rules: RuleSet) -> Iterator[Finding]:
    """Signs that the register doesn't tell capitals from small letters, where the rules do."""
    if rules.folds:
        return
    first: dict[str, Rule] = {}
    for rule in rules.every:
        other = first.setdefault(rule.pattern.text.casefold(), rule)
        if other.pattern.text != rule.pattern.text and "case-variants" not in rule.accepts:
            words = (
                f"rule {rule.id!r}: {rule.pattern.text} is {other.pattern.text} of rule {other.id!r} in other letters; where the"
                " register takes both for one path, say so with `paths: {case: insensitive}`, or every third spelling goes"
                " round these rules"
            )
            yield Finding(rule.at, "case-variants", words)
    page = next((rule for rule in rules.every if _FOLDING.search(rule.pattern.text)), None)
    if page is not None:
        words = (
            f"{page.pattern.text} (rule {page.id!r}) looks like a page of a server that takes /Admin and /admin for one path,"
            " and the rules tell them apart: set `paths: {case: insensitive}` of this environment"
        )
        yield Finding(source.at(("environments", name)), "case-backend", words)


def swapped_letters(
    pattern: Pattern, others: Iterable[Pattern], *, capitals: bool = False
) -> tuple[str, str] | None:
    """The beginning of this path and that of others, where two neighbouring letters changed places (or `capitals` differ)."""
    word = _beginning(pattern)
    known = {_beginning(other) for other in others} - {None}
    if word is None or word in known:
        return None
    for other in sorted(filter(None, known)):
        if word != other and (_is_swapped(word, other) or (capitals and word.casefold() == other.casefold())):
            return word, other
    return None


def _beginning(pattern: Pattern) -> str | None:
    first = pattern.parts[0] if pattern.parts else None
    return first.text if isinstance(first, Literal) else None


def _is_swapped(word: str, other: str) -> bool:
    places = [place for place, pair in enumerate(zip(word, other, strict=False)) if pair[0] != pair[1]]
    if len(word) != len(other) or len(places) != 2:
        return False
    first, second = places
    return second == first + 1 and word[first] == other[second] and word[second] == other[first]


def _invariants(source: Source, settings: EnvironmentSettings, rules: RuleSet) -> Iterator[Finding]:
    for number, never in enumerate(source.document.never):
        pattern = parse_pattern(never.request.partition(" ")[2])
        place: Place = ("never", number)
        first = _beginning(pattern)
        if first == _OWN or pattern.text == _JWKS:
            words = f"nothing can break this invariant: the gateway itself answers {pattern.text}"
            yield Finding(source.at((*place, "request"), at_key=False), "idle-never", words)
        fault = why_unreachable(
            pattern.folding() if rules.folds else pattern, settings, rules.opens_paths | settings.paths.names
        )
        if fault is not None:
            at = source.at(("never", number, "request"), at_key=False)
            yield Finding(at, "idle-never", f"nothing can break this invariant: {fault}")


def idle_cases(source: Source) -> Iterator[Finding]:
    """Tests about what the gateway answers before any rule, and invariants for hosts that nobody comes by."""
    document = source.document
    for number, test in enumerate(document.tests):
        path = test.request.partition(" ")[2].partition("?")[0]
        if is_own(path[1:].split("/")):
            words = f"this test proves nothing: the gateway itself answers {path}"
            yield Finding(source.at(("tests", number, "request"), at_key=False), "idle-test", words)
        if (nobody := _nobody(source, test)) is not None:
            words = f"this test proves nothing: {nobody}"
            yield Finding(source.at(("tests", number, "host"), at_key=False), "idle-test", words)
    for number, never in enumerate(document.never):
        if (nobody := _nobody(source, never)) is not None:
            words = f"nothing can break this invariant: {nobody}"
            yield Finding(source.at(("never", number, "host"), at_key=False), "idle-never", words)


def _nobody(source: Source, tried: CaseSettings | NeverSettings) -> str | None:
    """Why the host that is asked is that of no environment in which this is tried."""
    environments = source.document.environments
    several = [environments[name] for name in tried.env or environments]
    known = [Authorities(each.public_url, each.edge.hosts) for each in several]
    if not tried.host or any(each.knows(tried.host) for each in known):
        return None
    hosts = dict.fromkeys(host for each in several for host in host_names(each.public_url, each.edge.hosts))
    return f"nobody comes by {tried.host}, only by {', '.join(hosts)}"


def nearly_matching(source: Source) -> Iterator[Finding]:
    """Tests and invariants about a path that is almost that of a rule."""
    known: dict[tuple[str | None, ...], set[str]] = {}
    for rules in source.config.rules.values():
        for rule in rules.every:
            steps = tuple(part.text if isinstance(part, Literal) else None for part in rule.pattern.parts)
            for number, step in enumerate(steps):
                if step is not None:
                    known.setdefault(steps[:number], set()).add(step)
    document = source.document
    tried = (
        *(
            (("tests", number), each.request)
            for number, each in enumerate(document.tests)
            if each.rule is None
        ),
        *((("never", number), each.request) for number, each in enumerate(document.never)),
    )
    for place, request in tried:
        near = _near(request.partition(" ")[2][1:].split("/"), known)
        if near is not None:
            words = f"no rule has {near[0]!r} in its path, but one has {near[1]!r}: if that is meant, this proves nothing about it"
            yield Finding(source.at((*place, "request"), at_key=False), "nearly-a-rule", words)


def _near(words: list[str], known: dict[tuple[str | None, ...], set[str]]) -> tuple[str, str] | None:
    for number, word in enumerate(words):
        texts = known.get(tuple(words[:number]), set())
        if word in texts:
            continue
        if not word.startswith("{"):
            for text in sorted(texts):
                alike = len(word) >= _SHORTEST and SequenceMatcher(None, word, text).ratio() >= _ALIKE
                if alike or _is_swapped(word, text) or word.casefold() == text.casefold():
                    return word, text
        return None
    return None
