"""Nobody holds more than its share, and what is given back twice counts once."""

from __future__ import annotations

import pytest

from gateway.upstream.shares import Party, Shares, client_network, default_share


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


def test_nothing_is_held_twice() -> None:
    shares = Shares(per_client=2, per_session=2)
    shares.hold("a", Party("192.0.2.1"))
    with pytest.raises(ValueError, match="twice"):
        shares.hold("a", Party("192.0.2.2"))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("not:an-address", "not:an-address"),
        ("", ""),
    ],
)
def test_an_ipv6_client_counts_by_its_network(address: str, network: str) -> None:
    assert client_network(address) == network


@pytest.mark.parametrize(("connections", "share"), [(1, 8), (32, 8), (128, 32), (10_000, 2_500)])
def test_without_a_setting_a_share_is_a_quarter(connections: int, share: int) -> None:
    assert default_share(connections) == share
