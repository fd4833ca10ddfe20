"""The contract of a policy, with policies that nobody ships: the core treats them as it does the shipped ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gateway.config import load
from gateway.config.lint import findings
from gateway.model import PolicyTrace
from gateway.plugin import Allow, Distinctions, Facts, LoadContext, Policy, Verdict
from gateway.plugin.testing import OptionsRefused, facts, policy
from gateway.policy.ruleset import claims_of
from tests.config.test_lock import environments
from tests.gateways import write_config
from tests.plugins.combinators import Yes
from tests.processes import ROOT

CLAIM_POLICIES = '''
import re
from gateway.plugin import Allow, Deny, Distinctions, Facts, Policy, Verdict
class Grade(Policy, name="grade", inline="least"):
    """Compares a number, of which it can say the values."""
    least: int
    def decide(self, facts: Facts) -> Verdict:
        return Allow() if facts.identity and facts.identity.claims.get("grade", 0) >= self.least else Deny("low")
    def distinctions(self) -> Distinctions:
        return Distinctions(claims=tuple(("grade", value) for value in range(10)))
class Badge(Policy, name="badge", inline="pattern"):
    """Matches an expression, of which it cannot say the values."""
    pattern: str
    def decide(self, facts: Facts) -> Verdict:
        found = facts.identity and re.fullmatch(self.pattern, facts.identity.claims.get("badge", ""))
        return Allow() if found else Deny("other")
    def claims_read(self) -> tuple[str, ...]:
        return ("badge",)
'''


class Pair(Policy, name="pair"):
    """Checks its options against one another."""

    low: int = 0
    high: int = 9

    def resolve(self, context: LoadContext) -> None:
        if self.high < self.low:
            raise ValueError("high is below low")

    def decide(self, facts: Facts) -> Verdict:
        return Allow()


class Broken(Policy, name="broken"):
    """Gives no verdict."""

    def decide(self, facts: Facts) -> Any:
        return True


def configuration(folder: Path, rules: list[dict[str, Any]]) -> Path:
    (folder / "own").mkdir()
    (folder / "own/claims.py").write_text(CLAIM_POLICIES)
    return write_config(folder, environments(folder), rules=rules, plugins=["./own"])


def test_claims_of_third_party_policies_are_warned_about(tmp_path: Path) -> None:
    nested = [{"not": {"any": [{"badge": "A.*"}, {"grade": 3}]}}]
    path = configuration(
        tmp_path,
        [
            {"id": "one", "match": {"path": "/one"}, "require": [{"grade": 5}]},
            {"id": "two", "match": {"path": "/two"}, "require": nested},
            {
                "id": "meant",
                "match": {"path": "/three"},
                "require": [{"grade": 1}],
                "accept": ["claim-not-kept"],
            },
        ],
    )
    found = [finding.message for finding in findings(path)[1] if finding.code == "claim-not-kept"]
    end = "which `identity: claims: extra:` does not keep"
    assert sorted(found) == [
        f"rule 'one' looks at the claim 'grade', {end}",
        f"rule 'two' looks at the claim 'badge', {end}",
        f"rule 'two' looks at the claim 'grade', {end}",
    ]


def test_claims_of_third_party_policies_are_recorded(tmp_path: Path) -> None:
    rules = [{"id": "one", "match": {"path": "/**"}, "require": [{"grade": 5}, {"badge": "A"}]}]
    config = load(configuration(tmp_path, rules))
    assert claims_of(config.rules["ti"]) == {"grade", "badge"}


def test_the_core_compares_no_policy_by_name() -> None:
    for path in (ROOT / "gateway").rglob("*.py"):
        assert not re.search(r"policy_name\s*(==|!=|(not )?in\b)", path.read_text("utf-8")), path


def test_options_are_checked_against_one_another() -> None:
    assert policy(Pair, {"low": 3}).to_data() == {"pair": {"low": 3}}
    with pytest.raises(OptionsRefused, match="high is below low"):
        policy(Pair, {"low": 3, "high": 2})


def test_a_policy_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        policy(Pair).low = 3  # type: ignore[attr-defined]


def test_what_is_no_verdict_is_an_error() -> None:
    with pytest.raises(TypeError, match="bool instead of Allow, Deny or NotApplicable"):
        facts().ask(policy(Broken))


def test_a_trace_has_every_verdict() -> None:
    trace: list[PolicyTrace] = []
    assert Facts("GET", "", "/", "", 0.0, trace=trace).ask(policy(Yes)) == Allow("yes")
    assert trace == [PolicyTrace("yes", "yes", Allow("yes"), ())]


def test_a_policy_says_nothing_about_itself_unless_it_wants_to() -> None:
    pair = policy(Pair)
    assert (pair.distinctions(), pair.claims_read(), pair.question(facts())) == (None, (), None)


def test_claims_come_from_the_distinctions() -> None:
    class Twice(Yes, name="twice"):
        def distinctions(self) -> Distinctions:
            return Distinctions(claims=(("a", 1), ("b", 1), ("a", 2)))

    assert policy(Twice).claims_read() == ("a", "b")
