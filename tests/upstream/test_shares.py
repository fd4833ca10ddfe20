"""Nobody holds more than its share, and what is given back twice counts once."""

from __future__ import annotations

import pytest

from gateway.upstream.shares import Party, Shares, default_share


def test_a_client_and_a_session_have_their_share() -> None:
    shares = Shares(per_client=2, per_session=1)
    shares.hold("a", Party("192.0.2.1", "s"))
    assert not shares.room(Party("192.0.2.9", "s"))
    assert shares.room(Party("192.0.2.1"))
    shares.hold("b", Party("192.0.2.1"))
    assert not shares.room(Party("192.0.2.1"))
    assert shares.let_go("a")
    assert not shares.let_go("a")
    assert shares.room(Party("192.0.2.1", "s"))
    assert len(shares) == 1


def test_a_session_holds_apart_from_its_client() -> None:
    shares = Shares(per_client=9, per_session=9)
    shares.hold("a", Party("192.0.2.1", "s"))
    assert shares.holds(Party("192.0.2.1"))
    assert shares.holds(Party("192.0.2.9", "s"))
    assert not shares.holds(Party("192.0.2.1", "t"))
    shares.let_go("a")
    assert not shares.holds(Party("192.0.2.1", "s"))


def test_nothing_is_held_twice() -> None:
    shares = Shares(per_client=2, per_session=2)
    shares.hold("a", Party("192.0.2.1"))
    with pytest.raises(ValueError, match="twice"):
        shares.hold("a", Party("192.0.2.2"))


@pytest.mark.parametrize(("connections", "share"), [(1, 8), (32, 8), (128, 32), (10_000, 2_500)])
def test_without_a_setting_a_share_is_a_quarter(connections: int, share: int) -> None:
    assert default_share(connections) == share
