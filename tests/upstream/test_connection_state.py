"""The table of states is whole, and only a complete exchange leads to another one."""

from __future__ import annotations

from gateway.upstream.connection_state import NEXT, SETTLED, UNDER_WAY, ConnectionState


def test_each_state_has_its_followers() -> None:
    assert set(NEXT) == set(ConnectionState)


def test_only_a_complete_exchange_leads_back_to_idle() -> None:
    leading = [state for state, following in NEXT.items() if ConnectionState.IDLE in following]
    assert leading == [ConnectionState.COMPLETE]


def test_every_exchange_under_way_can_fail_and_a_failure_is_final() -> None:
    assert all(ConnectionState.FAILED in NEXT[state] for state in UNDER_WAY)
    assert NEXT[ConnectionState.FAILED] == ()
    assert ConnectionState.FAILED in SETTLED
