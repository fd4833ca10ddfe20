"""Decisions about paths with several readings, and rules that don't tell capitals from small letters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.analysis.access import access_of
from gateway.analysis.diff import Side, compare
from gateway.model import DecisionInput, Doubt
from gateway.path_openings import SLASH
from gateway.policy.evaluate import AMBIGUOUS, decide, questions
from gateway.policy.pattern import parse_pattern, parse_regex
from gateway.policy.ruleset import RuleSet, compile_rules
from tests.policy.conftest import given, person, rule_set


def doubtful(path: str, *others: str, needs: frozenset[str] = frozenset()) -> DecisionInput:
    readings = tuple(tuple(other[1:].split("/")) for other in others)
    return given(path, identity=person())._replace(doubt=Doubt(readings, needs))


def opening(rules: RuleSet, rule: str) -> RuleSet:
    made = [
        replace(each, opens_paths=frozenset([SLASH])) if each.id == rule else each for each in rules.rules
    ]
    return compile_rules(made, rules.rights)


RULES = rule_set(
    ("closed", "/m/closed/**", [{"not": "anyone"}]),
    ("m", "/m/**", ["authenticated"]),
    ("own", "/org/{kbo}/**", [{"organisation": {"equals": "{kbo}"}}]),
)


def test_all_readings_must_lead_to_one_rule() -> None:
    assert decide(RULES, doubtful("/m/a", "/m/b")).rule == "m"
    for each in (doubtful("/m/a", "/m/closed/a"), doubtful("/m/closed/a", "/m/a"), doubtful("/m/a", "/x")):
        found = decide(RULES, each)
        assert (found.allowed, found.rule, found.reason) == (False, None, AMBIGUOUS)
        assert decide(RULES, each, trace=True).trace


def test_every_reading_must_be_allowed() -> None:
    code = person().organisation.code  # type: ignore[union-attr]
    assert decide(RULES, doubtful(f"/org/{code}/a", f"/org/{code}/b")).allowed
    for each in (doubtful(f"/org/{code}/a", "/org/other/a"), doubtful("/org/other/a", f"/org/{code}/a")):
        found = decide(RULES, each)
        assert (found.allowed, found.rule) == (False, "own")


def test_a_rule_must_open_what_the_environment_does_not() -> None:
    asked = doubtful("/m/a%2Fb", "/m/a/b", needs=frozenset([SLASH]))
    assert decide(RULES, asked).reason == AMBIGUOUS
    assert decide(opening(RULES, "m"), asked).allowed
    assert decide(opening(RULES, "closed"), asked).reason == AMBIGUOUS
    assert decide(RULES, doubtful("/none", "/none/x", needs=frozenset([SLASH]))).reason == AMBIGUOUS


def test_facts_about_one_reading_do_not_decide_another() -> None:
    def asking(per: str) -> RuleSet:
        return rule_set(("m", "/m/{x}/**", [{"rate": {"limit": 1, "window": "1m", "per": per}}]))

    same = asking("client")
    assert len(questions(same, doubtful("/m/a", "/m/b"))) == 1
    assert decide(same, doubtful("/m/a", "/m/b")).reason != AMBIGUOUS
    remote = rule_set(("m", "/m/**", [{"remote": {"url": "https://opa.test/v1"}}]))
    assert decide(remote, doubtful("/m/a", "/m/b")).reason == AMBIGUOUS
    assert decide(remote, doubtful("/m/a")).rule == "m"


def folding(*rules: tuple[str, str, list[object]]) -> RuleSet:
    made = rule_set(*rules)
    return compile_rules(made.rules, made.rights, folds=True)


def test_capitals_and_small_letters_are_the_same_where_rules_fold() -> None:
    rules = folding(("admin", "/Admin/{naam}/X", ["authenticated"]))
    for path in ("/admin/Jan/x", "/ADMIN/Jan/X", "/Admin/Jan/x"):
        found = decide(rules, given(path, identity=person()))
        assert found.allowed
        assert found.variables == {"naam": "Jan"}
    assert decide(rules, given("/adm\u0131n/Jan/x", identity=person())).reason == "no-rule"
    assert decide(rule_set(("a", "/Admin", ["anyone"])), given("/admin")).reason == "no-rule"


def test_regular_expressions_fold_too() -> None:
    pattern = parse_regex("/Rapport/(?P<nr>[A-Z]+[0-9]+)").folding()
    assert pattern.match(("rapport", "ab1")) == {"nr": "ab1"}
    assert pattern.match(("RAPPORT", "AB1")) == {"nr": "AB1"}
    [rule] = rule_set(("r", "/x", ["anyone"])).rules
    rules = compile_rules([replace(rule, pattern=parse_regex("/Rapport/[a-z]+"))], {}, folds=True)
    assert decide(rules, given("/rAPPORT/X")).allowed


@pytest.mark.parametrize("text", ["/caf\u00e9", "/\u00df/**"])
def test_letters_that_servers_fold_differently_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="letters a to z"):
        parse_pattern(text).folding()
    with pytest.raises(ValueError, match="letters a to z"):
        parse_regex(text.replace("**", "x")).folding()


def test_the_hash_shows_openings_and_folding() -> None:
    hashes = {RULES.hash, opening(RULES, "m").hash, compile_rules(RULES.rules, RULES.rights, folds=True).hash}
    assert len(hashes) == 3


def test_the_analysis_follows_folding() -> None:
    rules = folding(("open", "/Pub/**", ["anyone"]), ("rest", "/**", ["authenticated"]))
    found = access_of(rules, person(), host="gw.test", client="192.0.2.1", now=0.0)
    assert [(each.rule, each.decision.allowed) for each in found] == [("open", True), ("rest", True)]
    exact = rule_set(("open", "/pub/**", ["anyone"]), ("rest", "/**", ["authenticated"]))
    assert compare(Side(exact, "gw.test"), Side(rules, "gw.test")) == ()
    other = rule_set(("open", "/PUB/**", ["authenticated"]), ("rest", "/**", ["authenticated"]))
    assert compare(Side(other, "gw.test"), Side(rules, "gw.test"))
