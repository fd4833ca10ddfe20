"""What openings let through, in how many readings, and that no server reads a path that the rules refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.edge.path import canonical_segments
from gateway.edge.readings import PathReader, openings_for
from gateway.edge.settings import PathSettings
from gateway.errors import BadRequest
from gateway.model import DecisionInput
from gateway.path_openings import EMPTY_SEGMENTS, HASH, OCTETS, PARAMETERS, QUESTION_MARK, SEMICOLON, SLASH
from gateway.plugin.discovery import load_policies
from gateway.policy.evaluate import decide
from gateway.policy.pattern import parse_pattern
from gateway.policy.ruleset import Rule, RuleSet, compile_rules
from tests.edge.reference_readers import readers

ALL = frozenset((PARAMETERS, HASH, QUESTION_MARK, SEMICOLON, SLASH, EMPTY_SEGMENTS, OCTETS))
OPEN = {
    "parameters": "strip",
    "encoded": ["%23", "%3f", "%3B", "%2F"],
    "empty_segments": "keep",
    "octets": "any",
}


def reader(*by_rules: str, **paths: Any) -> PathReader:
    return PathReader(PathSettings.model_validate(paths), lambda: frozenset(by_rules))


@pytest.mark.parametrize(
    ("raw", "first", "others"),
    [
        (b"/lijst.xhtml;jsessionid=0A1B.node1", ("lijst.xhtml",), []),
        (b"/a;jsessionid=X/b;v=1;w=2", ("a", "b"), []),
        (b"/app/;jsessionid=X!-12:3", ("app", ""), []),
        (b"/;jsessionid=X", ("",), []),
        (b"/foto%20%231.jpg", ("foto #1.jpg",), [("foto ",)]),
        (b"/vraag%3fx/y", ("vraag?x", "y"), [("vraag",)]),
        (b"/a%3Bc.txt/d", ("a;c.txt", "d"), [("a", "d")]),
        (b"/a%2fb/c", ("a%2Fb", "c"), [("a", "b", "c")]),
        (b"/app//lijst", ("app", "", "lijst"), [("app", "lijst")]),
        (b"//app/lijst", ("", "app", "lijst"), [("app", "lijst"), ("lijst",)]),
        (b"/app//", ("app", "", ""), [("app", "")]),
        (b"/caf%E9", ("café",), []),
        (b"/caf%C3%A9", ("café",), [("cafÃ©",)]),
        (b"/%80%E2%82%AC", ("\u2060â\u2060¬",), []),
        (b"/a%2Fb%23c", ("a%2Fb#c",), [("a%2Fb",), ("a", "b#c"), ("a", "b")]),
        (b"/a%20b/x%2Cy", ("a b", "x,y"), []),
    ],
)
def test_an_environment_opens(raw: bytes, first: tuple[str, ...], others: list[tuple[str, ...]]) -> None:
    segments, doubt = reader(**OPEN).read(raw)
    assert segments == first
    assert list(doubt.readings if doubt is not None else ()) == others
    assert doubt is None or not doubt.needs


@pytest.mark.parametrize(
    ("raw", "first", "others", "needs"),
    [
        (b"/a;v=1/b", ("a", "b"), [("a;v=1", "b")], {PARAMETERS}),
        (b"/caf%E9", ("café",), [("caf",)], {OCTETS}),
        (b"/a/%E9", ("a", "é"), [("a", "")], {OCTETS}),
        (b"/a//b", ("a", "", "b"), [("a", "b")], {EMPTY_SEGMENTS}),
        (
            b"/a%3b//b",
            ("a;", "", "b"),
            [("a;", "b"), ("a", "", "b"), ("a", "b")],
            {EMPTY_SEGMENTS, SEMICOLON},
        ),
    ],
)
def test_a_rule_opens_with_more_readings(
    raw: bytes, first: tuple[str, ...], others: list[tuple[str, ...]], needs: set[str]
) -> None:
    segments, doubt = reader(*ALL).read(raw)
    assert doubt is not None
    assert (segments, list(doubt.readings), doubt.needs) == (first, others, needs)


@pytest.mark.parametrize("here", [{}, OPEN], ids=["by a rule", "by the environment"])
@pytest.mark.parametrize(
    "raw",
    [
        b"/a;x=../b",
        b"/a;x=%2E%2E/b",
        b"/a;x=1%2Fb/c",
        b"/a;x=%252e/c",
        b"/a;x=%3Bb/c",
        b"/a;x=%23/c",
        b"/a;x=%00/c",
        b"/a;x=\\b",
        b"/..;/b",
        b"/a/..;x=1/b",
        b"/a/.;/b",
        b"/a/%2e%2e;/b",
        b"/a/..%3B/b",
        b"/a/..%3Bx/b",
        b"/a/..%23/b",
        b"/a/..%3Fx",
        b"/a/.%23",
        b"/a/..%2Fb",
        b"/a%2F..%2Fb",
        b"/a%2F%2Fb",
        b"/a/%2Fb",
        b"/a%2F/b",
        b"/;x/b",
        b"/a/;x/b",
        b"/a/../b",
        b"/a/%2e%2e/b",
        b"/a//../b",
        b"//..%2Fb",
        b"/a/%252e%252e/b",
        b"/a/%252e%252e%23/b",
        b"/a%00",
        b"/a%23%00",
        b"/a\\b//c",
        b"/a%5Cb",
        b"/a%0D%0A;x",
        b"/a/..%FF/b",
        b"/a/%FF..%FF/b",
        b"/a/..%85/b",
        b"/a/..%A0;x/b",
        b"/a/%c0%ae%c0%ae/b",
        b"/a/%c0%afb",
        b"/a/%e0%80%ae./b",
        b"/a%23b%3Fc%3Bd//e",
        b"/a%EF%B7%90%23",
        b"/a;\xe9",
        b"/a%zz;x",
        b"a;x",
        b"/a#b;c",
        b"/%EF%BC%8E%EF%BC%8E;x/b",
    ],
)
def test_what_is_never_opened(raw: bytes, here: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        reader(*ALL, **here).read(raw)


def test_a_path_begins_with_few_hosts() -> None:
    """Each of them gives two more readings, which the rules judge."""
    for raw in (b"//a//b/c", b"////a"):
        reader(**OPEN).read(raw)
    for raw in (b"/" * 250, b"//a" * 120 + b"/b", b"/" * 120 + b"%2F" * 8_000):
        with pytest.raises(BadRequest):
            reader(**OPEN).read(raw)


@given(st.binary(max_size=30), st.sampled_from(sorted(ALL)))
def test_without_an_opening_the_strict_reading_has_the_last_word(octets: bytes, other: str) -> None:
    raw = b"/" + octets
    try:
        expected = canonical_segments(raw)
    except BadRequest as refused:
        if other in set(openings_for(raw)):
            return
        with pytest.raises(BadRequest) as found:
            reader(other).read(raw)
        assert found.value.facts == refused.facts
    else:
        assert reader().read(raw) == (expected, None)
        assert reader(*ALL).read(raw) == (expected, None)


@pytest.mark.parametrize(
    ("raw", "others"),
    [
        (b"/Admin", []),
        (b"/stra%C3%9Fe/X", [("strasse", "X")]),
        (b"/%C4%B1/x", [("i", "x")]),
        (b"/%EF%AC%81le", [("file",)]),
    ],
)
def test_letters_that_fold_to_ascii_are_a_reading(raw: bytes, others: list[tuple[str, ...]]) -> None:
    _, doubt = reader(case="insensitive").read(raw)
    assert list(doubt.readings if doubt is not None else ()) == others


@pytest.mark.parametrize("raw", [b"/bac%E2%84%AAup", b"/%C5%BFecret"])
def test_a_letter_that_matching_itself_would_fold_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        reader(case="insensitive").read(raw)
    assert reader().read(raw)[1] is None


# Soundness: whatever a server reads, the rules allow it.

_WORDS = st.sampled_from(["a", "b", "admin", "é", "Ã©", "k", "ss", "a;x"])
_PARTS = st.lists(st.one_of(_WORDS, st.sampled_from(["{v}", "{w}"])), min_size=0, max_size=3, unique=True)
_OPENS = st.sets(st.sampled_from(sorted(ALL)))
_POLICIES = load_policies()
_ANYONE, _NOBODY = (_POLICIES["anyone"](), _POLICIES["authenticated"]())
_PIECES = st.sampled_from(
    [
        "/",
        "/",
        "/",
        "/",
        "a",
        "b",
        "admin",
        "A",
        "ADMIN",
        "k",
        "ss",
        "%C3%A9",
        "%E9",
        "%c3",
        ";",
        ";x",
        ";x=1",
        "%3B",
        "%3b",
        "%23",
        "%3F",
        "%2F",
        "%2f",
        "//",
        ".",
        "..",
        "%2e",
        "%252e",
        "%20",
        "%00",
        "%5C",
        "%61",
        "%FF",
        "%85",
        "%C3%9F",
        "%E2%84%AA",
        "%C4%B1",
        "..;",
        "%3Bx",
        "%c0%ae",
        "%25",
        "%2523",
        ";jsessionid=A.b",
    ]
)
_PATHS = st.lists(_PIECES, min_size=1, max_size=7).map(lambda pieces: ("/" + "".join(pieces)).encode())


@st.composite
def rule_sets(draw: st.DrawFn, *, folds: bool) -> RuleSet:
    rules = []
    for number in range(draw(st.integers(1, 4))):
        parts = [part for part in draw(_PARTS) if not folds or part.isascii()]
        rest = draw(st.booleans())
        pattern = parse_pattern("/" + "/".join([*parts, "**"] if rest or not parts else parts))
        opens = frozenset(draw(_OPENS)) if draw(st.booleans()) else frozenset()
        policy = draw(st.sampled_from([_ANYONE, _NOBODY]))
        rules.append(Rule(f"r{number}", pattern, None, None, (policy,), opens_paths=opens))
    return compile_rules(rules, {}, folds=folds)


def asked(segments: tuple[str, ...], doubt: Any = None) -> DecisionInput:
    return DecisionInput("GET", "h", "/" + "/".join(segments), segments, "192.0.2.1", 0.0, doubt=doubt)


def _settings(names: set[str], *, folds: bool) -> dict[str, Any]:
    return {
        "parameters": "strip" if PARAMETERS in names else "refuse",
        "encoded": [name.removeprefix("encoded: ") for name in sorted(names) if name.startswith("encoded")],
        "empty_segments": "keep" if EMPTY_SEGMENTS in names else "refuse",
        "octets": "any" if OCTETS in names else "utf-8",
        "case": "insensitive" if folds else "sensitive",
    }


@st.composite
def worlds(draw: st.DrawFn) -> tuple[RuleSet, set[str], bytes]:
    return draw(rule_sets(folds=draw(st.booleans()))), draw(_OPENS), draw(_PATHS)


@settings(max_examples=200, deadline=None)
@given(worlds())
def test_no_server_reads_a_path_that_the_rules_refuse(world: tuple[RuleSet, set[str], bytes]) -> None:
    rules, here, raw = world
    paths = PathSettings.model_validate(_settings(here, folds=rules.folds))
    try:
        segments, doubt = PathReader(paths, lambda: rules.opens_paths).read(raw)
    except BadRequest:
        return
    decision = decide(rules, asked(segments, doubt))
    if not decision.allowed:
        return
    needed = set(openings_for(raw))
    rule = next(each for each in rules.rules if each.id == decision.rule)
    assert needed <= paths.names | rule.opens_paths
    for name, read in readers(paths.names, latin1=OCTETS in paths.names, folds=rules.folds):
        if not needed and "latin-1" in name and OCTETS not in paths.names:
            continue  # the strict reading says UTF-8
        seen = read(raw)
        if seen is not None:
            assert decide(rules, asked(seen)).allowed, (name, seen, segments, doubt)
