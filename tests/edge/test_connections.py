"""Who counts as one client, and who gives way to whom."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network

import pytest

from gateway.edge.connections import Connections
from gateway.edge.refusals import Refusals


class Client:
    def __init__(self, *, idle: bool = False) -> None:
        self.idle = idle
        self.closed = False

    def give_way(self) -> None:
        self.closed = True


def counted(
    most: int = 100,
    most_per_client: int = 1,
    trusted: str = "10.0.0.0/8",
    *,
    new: int = 1_000,
    steady: Callable[[], float] = lambda: 0.0,
) -> Connections:
    networks = [ip_network(trusted)]
    return Connections(most, most_per_client, new, trusted=networks, count=Refusals().count, steady=steady)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("10.0.0.1", "10.0.0.1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", False),
        ("fe80::1%eth0", "fe80::1%eth0", True),
        (None, None, False),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_network(
    first: str | None, second: str | None, same: bool
) -> None:
    connections = counted()
    assert connections.admit(Client(), first) is None
    assert connections.admit(Client(), second) == ("connections-of-client" if same else None)
    assert len(connections) == (1 if same else 2)


def test_a_client_that_opens_more_and_more_is_slowed_down() -> None:
    now = 0.0
    connections = counted(most=20, new=10, steady=lambda: now)

    def opened(peer: str, many: int) -> int:
        """How many of so many connections are let in; each is closed again."""
        count = 0
        for _ in range(many):
            connection = Client()
            if (reason := connections.admit(connection, peer)) is None:
                count += 1
            else:
                assert reason == "connections-too-fast"
            connections.remove(connection)
        return count

    assert opened("192.0.2.1", 50) == 20
    assert opened("192.0.2.1", 1) == 0
    assert (opened("192.0.2.2", 5), opened("10.0.0.1", 50)) == (5, 50)
    now += 1.0
    assert opened("192.0.2.1", 50) == 10
    now += 60.0
    assert opened("192.0.2.1", 50) == 20
    assert opened("2001:db8::1", 15) + opened("2001:db8::ffff:2", 15) == 20


def test_the_oldest_idle_connection_gives_way() -> None:
    connections = counted(most_per_client=4)
    at_work, oldest, younger = Client(), Client(idle=True), Client(idle=True)
    for client in (at_work, oldest, younger, Client()):
        assert connections.admit(client, "192.0.2.1") is None
    assert connections.admit(Client(), "192.0.2.1") is None
    assert (at_work.closed, oldest.closed, younger.closed) == (False, True, False)
    assert len(connections) == 4


def test_an_idle_connection_is_found_behind_many_at_work() -> None:
    connections = counted(most=200, most_per_client=1_000)
    for _ in range(199):
        connections.admit(Client(), "192.0.2.1")
    idle = Client(idle=True)
    connections.admit(idle, "192.0.2.1")
    refused = [connections.admit(Client(), "192.0.2.2") for _ in range(4)]
    assert refused == ["connections", "connections", "connections", None]
    assert idle.closed


@pytest.mark.parametrize(
    ("files", "most"), [(10_000, 9_488), (1_024, 512), (256, 128), (1, 1), (1_000_000, 50_000), (-1, 50_000)]
)
def test_there_are_no_more_connections_than_files_for_them(
    monkeypatch: pytest.MonkeyPatch, files: int, most: int
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _kind: (files, files))
    assert counted(most=50_000).most == most


def test_what_is_closed_counts_no_more() -> None:
    connections = counted()
    client = Client()
    for _ in range(3):
        assert connections.admit(client, "192.0.2.1") is None
        connections.remove(client)
        connections.remove(client)
    assert len(connections) == 0
