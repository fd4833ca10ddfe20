"""The difference between two rule sets: exactly what brute force finds, in words that an operator reads."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from gateway.analysis import diff
from gateway.analysis.change import Change, Who
from gateway.analysis.diff import Side, compare
from gateway.analysis.diff_report import as_text
from gateway.analysis.equivalence import OTHER, Cell, Dimension, input_of_class
from gateway.model import DecisionInput, Identity
from gateway.plugin import Allow, Deny, Facts, Policy, Verdict
from gateway.policy.evaluate import decide
from gateway.policy.pattern import parse_pattern
from gateway.policy.ruleset import Rule, RuleSet, compile_rules
from tests.policy.conftest import POLICIES as ALL
from tests.policy.conftest import given, person, policy, rule_set, with_handling, with_websockets

CODES = ["0456789034", "0777000187", "other"]
RIGHTS = {"indiener": "Indiener", "lezer": "Lezer"}
PEOPLE: list[Identity | None] = [None]
PEOPLE += [
    person(*(("OVAMGebruiker", RIGHTS[key], code) for key in keys), organisation=code, doelgroep=doelgroep)
    for keys, code, doelgroep in product(
        ([], ["indiener"], ["lezer"], ["indiener", "lezer"]), CODES, ("GID", "EA")
    )
]
SEGMENTS = ["a", "b", "0456789034", "zzz"]
PATHS = [("a",), ("zzz",), *product(SEGMENTS, SEGMENTS), ("",), ("a", ""), ("b", "a", "zzz")]
LEAVES = st.sampled_from([
    "anyone", "authenticated", {"right": {"right": "indiener"}}, {"right": {"right": "lezer"}},
    {"organisation": {"equals": "{v}"}}, {"organisation": {"any_of": ["0456789034"]}},
    {"organisation": {"doelgroep": ["GID"]}},
])  # fmt: skip
POLICIES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2).map(lambda each: {"any": each}),
        st.lists(inner, min_size=1, max_size=2).map(lambda each: {"all": each}),
        inner.map(lambda each: {"not": each}),
    ),
    max_leaves=3,
)


@st.composite
def rules_of(draw: st.DrawFn, number: int) -> tuple[str, str, list[Any], set[str] | None]:
    words = draw(st.lists(st.sampled_from(["a", "b", "{v}", "{w}"]), max_size=2, unique=True))
    path = "/" + "/".join(words) + draw(st.sampled_from(["/**", ""]))
    path = path.replace("//", "/")
    require = draw(st.lists(POLICIES, min_size=1, max_size=2))
    if "{v}" not in path:
        require = [{"right": {"right": "lezer"}} if "{v}" in str(each) else each for each in require]
    return f"r{number}", path, require, draw(st.sampled_from([None, {"GET"}, {"POST", "PUT"}]))


RULE_SETS = st.integers(0, 3).flatmap(lambda count: st.tuples(*(rules_of(number) for number in range(count))))


def compiled(written: tuple[Any, ...]) -> RuleSet:
    return rule_set(*(each if each[3] is not None else each[:3] for each in written))


def at_path(cell: Cell, variables: Mapping[str, str]) -> Cell:
    """The cell for a path: where it is about a variable, with what the path holds."""
    named = cell.words.removeprefix("for {").removesuffix("}")
    return Cell(variables[named], cell.words) if named in variables else cell


def in_cell(cell: Cell, dimension: Dimension, identity: Identity, variables: dict[str, str]) -> bool:
    value = cell.value
    named = [each.value for each in dimension.cells if each.value != OTHER]
    match dimension.kind:
        case "rights":
            held = any((right.name, right.context) == dimension_right(dimension) for right in identity.rights)
            return held == (value is not None)
        case "organisations":
            assert identity.organisation is not None
            rendered = [at_path(each, variables).value for each in dimension.cells]
            here = rendered[dimension.cells.index(cell)]
            code = identity.organisation.code
            return code == here if value != OTHER else code not in rendered[:-1]
        case "doelgroepen":
            return identity.doelgroep == value if value != OTHER else identity.doelgroep not in named
    raise AssertionError(dimension.kind)


def dimension_right(dimension: Dimension) -> tuple[str, str]:
    name, _, context = dimension.name.partition("-")
    return name, context


def covers(who: Who, identity: Identity | None, variables: dict[str, str]) -> bool:
    if who.logged_in != (identity is not None):
        return False
    if identity is None:
        return True
    return all(
        any(in_cell(dimension.cells[number], dimension, identity, variables) for number in chosen)
        for dimension, chosen in zip(who.dimensions, who.cube, strict=True)
    )


def told(
    changes: tuple[Change, ...], asked: DecisionInput, rules: tuple[str | None, ...], side: str
) -> list[Change]:
    """The changes that say of this request that somebody like this gains, or loses."""
    found = []
    for change in changes:
        pattern = parse_pattern(change.path)
        variables = pattern.match(asked.segments)
        if (
            (change.old_rule, change.new_rule) != rules
            or asked.method not in change.methods
            or variables is None
        ):
            continue
        if any(set(each) <= set(variables.items()) for each in change.other_than):
            continue
        if any(covers(who, asked.identity, dict(variables)) for who in getattr(change, side)):
            found.append(change)
    return found


@settings(max_examples=20, deadline=None)
@for_all(RULE_SETS, RULE_SETS)
def test_diff_finds_what_brute_force_finds(before: tuple[Any, ...], after: tuple[Any, ...]) -> None:
    old, new = compiled(before), compiled(after)
    changes = compare(Side(old, "gw.test"), Side(new, "gw.test"))
    assert not [change for change in changes if change.inexact]
    for segments, method in product(PATHS, ("GET", "PUT")):
        for identity in PEOPLE:
            asked = given("/" + "/".join(segments), method, identity)
            then, now = decide(old, asked), decide(new, asked)
            rules = (then.rule, now.rule)
            different = then.allowed != now.allowed
            for side, expected in (
                ("gains", different and now.allowed),
                ("loses", different and then.allowed),
            ):
                saying = told(changes, asked, rules, side)
                if expected:
                    assert saying, (asked, side)
                else:
                    assert all(change.partly for change in saying), (asked, side)


@settings(max_examples=40, deadline=None)
@for_all(RULE_SETS, RULE_SETS)
def test_every_change_is_real(before: tuple[Any, ...], after: tuple[Any, ...]) -> None:
    old, new = compiled(before), compiled(after)
    for change in compare(Side(old, "gw.test"), Side(new, "gw.test")):
        assert change.gains or change.loses
        variables = parse_pattern(change.path).match(tuple(change.example[1:].split("/")))
        assert variables is not None
        for side, who in [("gains", who) for who in change.gains] + [("loses", who) for who in change.loses]:
            for chosen in product(*(sorted(cells) for cells in who.cube)):
                cells = [
                    (each, at_path(each.cells[number], variables))
                    for each, number in zip(who.dimensions, chosen, strict=True)
                ]
                for method in change.methods:
                    asked = input_of_class(given(change.example, method), who.logged_in, cells)
                    then, now = decide(old, asked), decide(new, asked)
                    assert (then.rule, now.rule) == (change.old_rule, change.new_rule)
                    assert (then.allowed, now.allowed) == (
                        (False, True) if side == "gains" else (True, False)
                    )


@for_all(RULE_SETS)
def test_the_same_rules_do_not_differ(written: tuple[Any, ...]) -> None:
    assert compare(Side(compiled(written), "a"), Side(compiled(written), "b")) == ()


def difference(old: RuleSet, new: RuleSet) -> list[str]:
    return list(as_text(compare(Side(old, "gw.test"), Side(new, "gw.test"))))


INDIENER = {"right": {"right": "indiener"}}
OWN = {"organisation": {"equals": "{kbo}"}}


def test_hosts() -> None:
    pattern, anyone = parse_pattern("/**"), policy("anyone")
    closed = policy({"not": "anyone"})
    old = compile_rules([Rule("a", pattern, None, None, (anyone,))], {})
    new = compile_rules(
        [
            Rule("b", pattern, None, frozenset(["b.test"]), (closed,)),
            Rule("a", pattern, None, None, (anyone,)),
        ],
        {},
    )
    (change,) = compare(Side(old, "a.test"), Side(new, "a.test"))
    assert (change.host, change.old_rule, change.new_rule) == ("b.test", "a", "b")
    (change,) = compare(Side(old, "a.test"), Side(new, "b.test"))
    assert change.host is None


class Own(Policy, name="own"):
    """A policy of somebody else, which does not say what it looks at."""

    word: str = "a"
    """An option."""

    def decide(self, facts: Facts) -> Verdict:
        return Allow() if facts.identity is not None else Deny("not-logged-in")


def test_a_policy_that_does_not_say_what_it_looks_at() -> None:
    def rules(word: str) -> RuleSet:
        own = policy({"any": [{"own": {"word": word}}, INDIENER]}, policies={**ALL, "own": Own})
        return compile_rules([Rule("a", parse_pattern("/**"), None, None, (own,))], {})

    assert difference(rules("a"), rules("a")) == []
    assert difference(rules("a"), rules("b")) == [
        "? NOT EXACT ANY /**",
        "    decided by rule 'a': policy 'own' of rule 'a' does not say what it looks at",
    ]
    assert difference(rule_set(("a", "/**", ["anyone"])), rules("a"))[:3] == [
        "- LOSES ANY /**",
        "    decided by rule 'a'; such as /x",
        "    - nobody (not logged in)",
    ]


def test_too_many_classes_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff, "_MOST_CLASSES", 1_000)
    many = {"organisation": {"any_of": [f"{number:010d}" for number in range(40)]}}
    all_of = {"organisation": {"doelgroep": [f"D{number}" for number in range(40)]}}
    old = rule_set(("a", "/**", [many, all_of]))
    assert any(line.startswith("? NOT EXACT") for line in difference(old, rule_set(("a", "/**", [many]))))


def hours(**options: Any) -> RuleSet:
    return rule_set(("a", "/**", [{"schedule": options}]))


def test_hours_of_one_and_days_of_the_other() -> None:
    """Two schedules that change at different hours are compared on the days of both."""
    old = hours(hours={"mon-fri": "08:00-18:00"}, **{"from": "2026-05-04"})
    new = hours(hours={"mon-fri": "08:00-17:00"})
    (change,) = compare(Side(old, "a"), Side(new, "a"))
    losing = {
        cell.words for who in change.loses for _, cells, but in who.parts() if not but for cell in cells
    }
    assert "from Mon 2026-05-04 17:00 to Mon 2026-05-04 18:00" in losing
    gaining = {
        cell.words for who in change.gains for _, cells, but in who.parts() if not but for cell in cells
    }
    assert "from Tue 2026-01-06 08:00 to Tue 2026-01-06 17:00" in gaining


def test_an_hour_that_comes_twice_closes_twice() -> None:
    old = hours(**{"from": "2026-10-25"})
    new = hours(hours={"sun": "00:00-02:30"})
    (change,) = compare(Side(old, "a"), Side(new, "a"))
    losing = {
        cell.words for who in change.loses for _, cells, but in who.parts() if not but for cell in cells
    }
    assert "from Sun 2026-10-25 02:30 to Sun 2026-10-25 02:00" in losing
    assert "from Sun 2026-10-25 02:30 to Mon 2026-10-26 00:00" in losing


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            [{"network": ["10.0.0.0/8"]}],
            [{"network": ["10.0.0.0/9"]}],
            "    - anyone, logged in or not, from 10.128.0.0/9",
        ),
        (
            [{"claim": {"name": "team", "contains": "a"}}],
            [{"claim": {"name": "team", "contains": "a"}}, {"claim": {"name": "team", "contains": "b"}}],
            '    - somebody with claim team = ["a"]',
        ),
        (
            [{"not": {"claim": {"name": "n", "equals": 1}}}],
            [{"not": {"claim": {"name": "n", "any_of": [1, True]}}}],
            "    - somebody with claim n = true",
        ),
    ],
)  # fmt: skip
def test_other_facts(old: list[Any], new: list[Any], words: str) -> None:
    assert difference(rule_set(("a", "/**", old)), rule_set(("a", "/**", new)))[2:] == [words]


def test_what_others_decide_is_not_exact() -> None:
    old, new = (rule_set(("a", "/**", [{"rate": {"limit": limit, "window": "1m"}}])) for limit in (1, 2))
    assert difference(old, old) == []
    assert difference(old, new)[-1] == (
        "    decided by rule 'a': the answers that policy 'rate' of rule 'a' gets cannot be known here"
    )


OPEN_AND_CLOSED = rule_set(("a", "/a/**", ["anyone"]), ("b", "/b/{v}", ["authenticated"]))
TO_NEW = {"redirect": {"to": "/new/{v}", "status": 301}}


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (
            {},
            {"a": {"upstream": "reports"}},
            [
                "~ GOES ELSEWHERE ANY /a/**",
                "    decided by rule 'a'; such as /a",
                "    to upstream default before, to upstream reports now",
                "    ~ anyone, logged in or not",
            ],
        ),
        (
            {},
            {"b": TO_NEW},
            [
                "~ GOES ELSEWHERE ANY /b/{v}",
                "    decided by rule 'b'; such as /b/x1",
                "    to upstream default before, to a redirect to /new/{v} (301) now",
                "    ~ somebody who is logged in",
            ],
        ),
        (
            {"b": TO_NEW},
            {},
            [
                "+ GAINS ANY /b/{v}",
                "    decided by rule 'b'; such as /b/x1",
                "    to a redirect to /new/{v} (301) before, to upstream default now",
                "    + somebody who is logged in",
            ],
        ),
        ({"b": TO_NEW}, {"b": TO_NEW}, []),
        ({}, {"a": {"timeout": "1s", "cors": {"origins": ["*"]}}}, []),
    ],
)
def test_where_requests_go(old: dict[str, Any], new: dict[str, Any], lines: list[str]) -> None:
    before, after = with_handling(OPEN_AND_CLOSED, **old), with_handling(OPEN_AND_CLOSED, **new)
    found = list(as_text(compare(Side(before, "gw.test"), Side(after, "gw.test"))))
    assert found == lines
    assert (before.hash == after.hash) is (old == new)


def test_websockets_that_become_allowed_are_gained() -> None:
    old = rule_set(("a", "/a/**", ["authenticated"]), ("b", "/**", ["anyone"], {"POST"}))
    new = with_websockets(old, "a", "b")
    (change,) = compare(Side(old, "gw.test"), Side(new, "gw.test"))
    assert list(as_text([change])) == [
        "+ GAINS WEBSOCKET /a/**",
        "    decided by no rule before, by rule 'a' now; such as /a",
        "    + somebody who is logged in",
    ]
    (change,) = compare(Side(new, "gw.test"), Side(old, "gw.test"))
    assert next(as_text([change])).startswith("- LOSES WEBSOCKET /a/**")
    wider = with_websockets(rule_set(("a", "/a/**", ["anyone"])), "a")
    (change,) = compare(Side(new, "gw.test"), Side(wider, "gw.test"))[:1]
    assert next(as_text([change])) == "+ GAINS ANY, WEBSOCKET /a/**"
