"""The address that a request comes from, behind proxies or not."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from gateway.edge.client import UNKNOWN, ClientAddress, parse_address
from tests.edge.admitting import admit


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),
        ("10.0.0.1", ["9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["127.0.0.1, 9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["9.9.9.9, 10.0.0.2"], "9.9.9.9"),
        ("10.0.0.1", ["8.8.8.8", "9.9.9.9"], "9.9.9.9"),
        ("::ffff:10.0.0.1", ["9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["not-an-ip"], "unknown"),
        ("10.0.0.1", ["9.9.9.9, junk, 10.0.0.2"], "unknown"),
        ("10.0.0.1", ["9.9.9.9:1234"], "9.9.9.9"),
        ("10.0.0.1", [", ,"], "unknown"),
        ("10.0.0.1", [""], "unknown"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["unknown"], "unknown"),
        ("10.0.0.1", ["[2001:db8::1]:443"], "2001:db8::1"),
        ("10.0.0.1", ["[2001:db8::1]"], "2001:db8::1"),
        ("10.0.0.1", ["203.0.113.9:1, 10.0.0.2:4433"], "203.0.113.9"),
        ("10.0.0.1", ["9.9.9.9:99999"], "unknown"),
        ("10.0.0.1", ["9.9.9.9:"], "unknown"),
        ("10.0.0.1", ["[9.9.9.9]:1"], "unknown"),
        ("10.0.0.1", ["[2001:db8::1"], "unknown"),
        ("10.0.0.1", ["9.9.9.9:1:2"], "unknown"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
    ],
)
def test_the_client_is_the_nearest_that_is_not_trusted(peer: str, forwarded: list[str], client: str) -> None:
    headers = (("X-Forwarded-For", line) for line in forwarded)
    assert admit(*headers, peer=peer, edge={"trusted_proxies": ["10.0.0.0/8"]}).client == client


def test_nobody_is_trusted_by_default() -> None:
    assert admit(("X-Forwarded-For", "127.0.0.1"), peer="127.0.0.1").client == "127.0.0.1"
    assert admit(("X-Forwarded-For", "9.9.9.9"), peer="127.0.0.1").client == "127.0.0.1"


@pytest.mark.parametrize(
    "text", ["", " ", "unknown", "9.9.9.9:80", "[2001:db8::1]", "fe80::1%eth0", "9.9.9", "09.9.9.9", "1e3", "\u0661.1.1.1"]
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    assert parse_address(text) is None


def test_a_peer_without_an_address_is_unknown_and_never_trusted() -> None:
    clients = ClientAddress([ip_network("0.0.0.0/0"), ip_network("::/0")])
    for peer in ("", "/run/gateway.sock", "fe80::1%eth0"):
        assert clients.of(peer, []) == UNKNOWN
        assert clients.of(peer, [b"9.9.9.9"]) == UNKNOWN
        assert not clients.trusts(peer)


def test_what_comes_over_a_unix_socket_comes_from_a_trusted_proxy() -> None:
    clients = ClientAddress([ip_network("10.0.0.0/8")], over_file=True)
    assert clients.of("", []) == UNKNOWN
    assert clients.of("", [b"9.9.9.9, 10.0.0.2"]) == "9.9.9.9"
    assert clients.trusts("")
    assert not clients.trusts("9.9.9.9")


def test_only_so_many_hops_are_read() -> None:
    """The nearest address that no proxy has is near: an endless list of proxies costs nothing."""
    clients = ClientAddress([ip_network("10.0.0.0/8")])
    assert clients.of("10.0.0.1", [b"9.9.9.9" + b", 10.0.0.2" * 31]) == "9.9.9.9"
    assert clients.of("10.0.0.1", [b"9.9.9.9" + b", 10.0.0.2" * 100_000]) == "10.0.0.2"


def test_trust_is_of_networks_of_both_kinds() -> None:
    clients = ClientAddress([ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")])
    for peer, trusted in (
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8:1::1", True),
        ("2001:db9::1", False),
        ("11.0.0.1", False),
    ):
        assert clients.trusts(peer) is trusted
    assert not ClientAddress([]).trusts("10.1.2.3")


def test_a_trusted_peer_that_says_nothing_hides_the_client() -> None:
    addresses = ClientAddress([ip_network("10.0.0.0/8")])
    assert addresses.behind([b"1.2.3.4, 192.0.2.7, 10.0.0.3"]) == "192.0.2.7"
    assert addresses.behind([]) == addresses.behind([b"10.0.0.3, x"]) == UNKNOWN
