"""The policy `claim`: exact, typed comparison; what is not there denies, also under `not`."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.plugin import Allow, Deny, Distinctions, NotApplicable
from gateway.plugin.testing import OptionsRefused, facts, person, policy
from plugins.claim import Claim
from plugins.not_ import Not

VALUES: list[Any] = ["1", 1, 1.0, True, False, 0, "", "true", ["1"], [1, "x"], {"a": 1}]


def verdict(options: dict[str, Any], value: Any) -> Any:
    claims = {} if value is None else {"c": value}
    return policy(Claim, {"name": "c", **options}).decide(facts(identity=person(claims=claims)))


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("wanted", ["1", 1, 1.0, True, ""], ids=repr)
def test_equal_values_have_equal_kinds(value: Any, wanted: Any) -> None:
    same = type(value) is type(wanted) and value == wanted
    assert isinstance(verdict({"equals": wanted}, value), Allow) is same
    assert isinstance(verdict({"any_of": ["other", wanted]}, value), Allow) is same


@pytest.mark.parametrize(
    ("value", "wanted", "holds"),
    [(["a", "b"], "a", True), (["ab"], "a", False), ("a", "a", False), ([1], "1", False), ([True], 1, False)],
)
def test_contains_looks_into_lists(value: Any, wanted: Any, holds: bool) -> None:
    assert isinstance(verdict({"contains": wanted}, value), Allow) is holds


def test_exists() -> None:
    assert isinstance(verdict({"exists": True}, ""), Allow)
    assert isinstance(verdict({"exists": True}, None), Deny)
    assert isinstance(verdict({"exists": False}, None), Allow)
    assert isinstance(verdict({"exists": False}, 0), Deny)


@pytest.mark.parametrize("options", [{"equals": "x"}, {"any_of": ["x"]}, {"contains": "x"}])
def test_what_is_not_there_denies_and_is_not_turned_round(options: dict[str, Any]) -> None:
    found = verdict(options, None)
    assert isinstance(found, NotApplicable)
    assert (found.alternatives[0][0].kind, found.alternatives[0][0].detail) == ("claim", "c")
    turned = policy(Not, {"claim": {"name": "c", **options}}, others=(Claim,))
    assert not isinstance(turned.decide(facts(identity=person())), Allow)


def test_nobody_is_asked_to_log_in() -> None:
    assert isinstance(policy(Claim, {"name": "c", "exists": False}).decide(facts()), NotApplicable)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"equals": "a", "exists": True},
        {"any_of": []},
        {"equals": ["a"]},
        {"exists": "yes"},
        {"exists": 1},
    ],
)
def test_what_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionsRefused):
        policy(Claim, {"name": "c", **options})
    with pytest.raises(OptionsRefused):
        policy(Claim, {"name": "", "exists": True})


@pytest.mark.parametrize(
    ("options", "samples"),
    [
        ({"equals": 1}, (("c", 1),)),
        ({"any_of": ["a", "b"]}, (("c", "a"), ("c", "b"))),
        ({"contains": "a"}, (("c", ("a",)),)),
        ({"exists": False}, (("c", True),)),
    ],
)
def test_what_it_tells_apart(options: dict[str, Any], samples: Any) -> None:
    assert policy(Claim, {"name": "c", **options}).distinctions() == Distinctions(claims=samples)
