"""The policy `all`: each must hold."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.plugin import Distinctions
from gateway.plugin.testing import OptionsRefused, facts, policy
from plugins.all import All
from tests.plugins.combinators import KNOWN


def all_of(*parts: Any) -> Any:
    return policy(All, list(parts), others=KNOWN)


@pytest.mark.parametrize(
    ("parts", "verdict", "reason"),
    [
        (["yes"], "Allow", "all-hold"),
        (["yes", "yes"], "Allow", "all-hold"),
        (["yes", "no"], "Deny", "no"),
        (["no", {"no": {"what": "second"}}], "Deny", "no"),
        (["yes", "unclear"], "NotApplicable", "unclear"),
        (["unclear", "no"], "Deny", "no"),
    ],
)
def test_verdicts(parts: list[Any], verdict: str, reason: str) -> None:
    found = all_of(*parts).decide(facts())
    assert (type(found).__name__, found.reason) == (verdict, reason)


def test_all_that_is_missing_is_missing_together() -> None:
    found = all_of({"no": {"what": "a"}}, "unclear", {"no": {"what": "b"}}).decide(facts())
    ((a, login, b),) = found.alternatives
    assert (a.detail, login.kind, b.detail) == ("a", "login", "b")


def test_what_is_refused() -> None:
    with pytest.raises(OptionsRefused):
        all_of()
    with pytest.raises(OptionsRefused, match="list of policies"):
        policy(All, {"policies": "yes"}, others=KNOWN)


def test_what_it_tells_apart() -> None:
    assert all_of("yes", "no").distinctions() == Distinctions(acrs=("yes", "no"))
    assert all_of("yes", "unclear").distinctions() is None
    assert all_of("yes", {"no": {"what": "x"}}).to_data() == {"all": ["yes", {"no": {"what": "x"}}]}
