"""The policy `any`: one is enough."""

from __future__ import annotations

from typing import Any as Anything

import pytest

from gateway.plugin import Distinctions
from gateway.plugin.testing import OptionsRefused, facts, policy
from plugins.any import Any
from tests.plugins.combinators import KNOWN


def any_of(*parts: Anything) -> Anything:
    return policy(Any, list(parts), others=KNOWN)


@pytest.mark.parametrize(
    ("parts", "verdict", "reason"),
    [
        (["yes"], "Allow", "yes"),
        (["no", "yes"], "Allow", "yes"),
        (["unclear", "yes"], "Allow", "yes"),
        (["no", {"no": {"what": "second"}}], "Deny", "no"),
        (["no", "unclear"], "NotApplicable", "unclear"),
        (["unclear"], "NotApplicable", "unclear"),
    ],
)
def test_verdicts(parts: list[Anything], verdict: str, reason: str) -> None:
    found = any_of(*parts).decide(facts())
    assert (type(found).__name__, found.reason) == (verdict, reason)


def test_each_missing_thing_is_a_way_of_its_own() -> None:
    found = any_of({"no": {"what": "a"}}, {"no": {"what": "b"}}).decide(facts())
    assert [[missing.detail for missing in alternative] for alternative in found.alternatives] == [
        ["a"],
        ["b"],
    ]


def test_an_empty_choice_is_refused() -> None:
    with pytest.raises(OptionsRefused):
        any_of()


def test_what_it_tells_apart() -> None:
    assert any_of("yes", "no").distinctions() == Distinctions(acrs=("yes", "no"))
    assert any_of("unclear").distinctions() is None
