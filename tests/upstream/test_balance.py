"""Shares and turns, without any connection."""

from __future__ import annotations

from collections import Counter

import pytest

from gateway.upstream.balance import Balance
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.server_health import ServerHealth
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.shares import Party

PARTY = Party("192.0.2.1")


class Still(ServerHealth):
    """A server with a fixed share; 0 takes nothing."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.fixed = share

    def share(self) -> float:
        return self.fixed

    def admits(self) -> bool:
        return self.fixed > 0


def pools(*shares: float) -> list[ConnectionPool]:
    settings = UpstreamSettings.model_validate({"servers": [f"http://s{n}" for n in range(len(shares))]})
    return [
        ConnectionPool(settings, address, Still(share))
        for address, share in zip(settings.addresses, shares, strict=True)
    ]


@pytest.mark.parametrize(
    ("shares", "counts"),
    [((1, 1, 1), (20, 20, 20)), ((1, 0.5), (40, 20)), ((1, 0, 1), (30, 0, 30)), ((0.1, 0.1), (30, 30))],
)
def test_requests_follow_the_shares(shares: tuple[float, ...], counts: tuple[int, ...]) -> None:
    servers = pools(*shares)
    balance = Balance(servers, least=False, load=lambda pool: pool.in_use)
    taken: Counter[ConnectionPool] = Counter()
    for _ in range(60):
        chosen = balance.choose(PARTY)
        assert chosen is not None
        assert balance.choose(PARTY) is chosen  # looking is not taking
        balance.used(chosen)
        taken[chosen] += 1
    assert tuple(taken[each] for each in servers) == counts


def test_those_to_avoid_and_none_left() -> None:
    first, second = pools(1, 1)
    balance = Balance([first, second], least=False, load=lambda pool: pool.in_use)
    assert balance.choose(PARTY, (first,)) is second
    assert balance.choose(PARTY, (first, second)) is None
