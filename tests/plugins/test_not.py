"""The policy `not`: the opposite, except of what cannot be judged."""

from __future__ import annotations

import pytest

from gateway.plugin import Allow, Deny, Distinctions, NotApplicable
from gateway.plugin.testing import OptionsRefused, facts, policy
from plugins.not_ import Not
from tests.plugins.combinators import KNOWN


def test_the_opposite() -> None:
    assert policy(Not, "no", others=KNOWN).decide(facts()) == Allow("not-no")
    assert policy(Not, {"policy": "yes"}, others=KNOWN).decide(facts()) == Deny("not-yes")


def test_what_cannot_be_judged_stays_refused() -> None:
    assert isinstance(policy(Not, "unclear", others=KNOWN).decide(facts()), NotApplicable)


def test_it_takes_one_policy() -> None:
    with pytest.raises(OptionsRefused, match="a policy is its name"):
        policy(Not, ["yes", "no"], others=KNOWN)


def test_what_it_tells_apart() -> None:
    assert policy(Not, "no", others=KNOWN).distinctions() == Distinctions(acrs=("no",))
