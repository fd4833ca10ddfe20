"""The policy `anyone`: always holds."""

from __future__ import annotations

from gateway.plugin import Allow, Distinctions
from gateway.plugin.testing import facts, person, policy
from plugins.anyone import Anyone


def test_it_always_holds() -> None:
    asked = policy(Anyone)
    assert asked.decide(facts()) == Allow("open-to-anyone")
    assert asked.decide(facts(identity=person())) == Allow("open-to-anyone")
    assert asked.distinctions() == Distinctions()
    assert asked.to_data() == "anyone"
