"""Token buckets by network address."""

from __future__ import annotations

import pytest

from gateway.client_limits import ClientLimits, client_of


class Steady:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", "unknown"),
        ("no:address", "no:address"),
    ],
)
def test_whom_an_address_belongs_to(address: str, client: str) -> None:
    assert client_of(address) == client


def test_a_burst_and_then_one_at_a_time() -> None:
    steady = Steady()
    limits = ClientLimits(3, 0.7, steady=steady)
    assert [limits.take("192.0.2.7") for _ in range(3)] == [0.0] * 3
    assert limits.take("192.0.2.7") == pytest.approx(0.7)
    assert limits.take("192.0.2.8") == 0.0, "another client"
    steady.now += 0.7
    assert limits.take("192.0.2.7") == 0.0
    assert limits.take("192.0.2.7") == pytest.approx(0.7)
    steady.now += 1_000
    assert [limits.take("192.0.2.7") for _ in range(4)][:3] == [0.0] * 3


def test_one_network_of_ipv6_is_one_client() -> None:
    limits = ClientLimits(2, 1.0, steady=Steady())
    assert [limits.take(f"2001:db8::{number:x}") > 0 for number in range(4)] == [False, False, True, True]
    assert limits.take("2001:db8:0:1::") == 0.0


def test_what_is_given_back_does_not_count() -> None:
    limits = ClientLimits(1, 1.0, steady=Steady())
    for _ in range(5):
        assert limits.take("192.0.2.7") == 0.0
        limits.give_back("192.0.2.7")
    limits.take("192.0.2.7")
    assert limits.take("192.0.2.7") > 0


def test_memory_is_bounded() -> None:
    limits = ClientLimits(1, 1.0, steady=Steady(), most_clients=100)
    for number in range(1_000):
        limits.take(f"10.0.{number // 256}.{number % 256}")
    assert limits.take("10.0.3.231") > 0, "the latest is remembered"
    assert limits.take("10.0.0.0") == 0.0
