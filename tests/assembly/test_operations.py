"""What operators order."""

from __future__ import annotations

from gateway.assembly.operations import operations
from gateway.assembly.people import people
from gateway.assembly.rules import rules
from tests.assembly.conftest import Made


async def test_before_anything_is_opened_nobody_is_blocked_and_no_emergency_is_open(made: Made) -> None:
    environment = made()
    found = operations(environment, rules(environment), people(environment).sessions)
    assert not found.blocks.known
    assert found.orders.revision == 0
    assert (await found.emergencies.check()).ready
    assert not (environment.config.path.parent / "var").exists()
