from __future__ import annotations

import pytest

from gateway.render.address import Endpoint, endpoint, host_of
from gateway.render.errors import NotRendered


@pytest.mark.parametrize(
    ("written", "found", "authority"),
    [
        ("127.0.0.1:8000", Endpoint("127.0.0.1", 8000), "127.0.0.1:8000"),
        ("[::1]:8000", Endpoint("::1", 8000), "[::1]:8000"),
        ("gateway-1.internal:80", Endpoint("gateway-1.internal", 80), "gateway-1.internal:80"),
    ],
)
def test_addresses(written: str, found: Endpoint, authority: str) -> None:
    assert endpoint(written) == found
    assert found.authority == authority
    assert not found.everywhere


def test_sockets_and_all_addresses() -> None:
    assert endpoint("unix:/run/a b.sock") == Endpoint("", 0, "/run/a b.sock")
    assert all(endpoint(f"{host}:80").everywhere for host in ("0.0.0.0", "[::]", "*"))
    assert endpoint("[::1]:80").is_address
    assert not endpoint("name:80").is_address


@pytest.mark.parametrize(
    "written",
    [
        "",
        "80",
        ":80",
        "a:",
        "a:0",
        "a:65536",
        "a:８０",
        "a;b:80",
        'a"b:80',
        "a b:80",
        "[::1:80",
        "$host:80",
        "unix:run",
    ],
)
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(NotRendered):
        endpoint(written)


def test_a_host_alone() -> None:
    assert host_of("[2001:db8::1]") == "2001:db8::1"
    with pytest.raises(NotRendered, match="no name of a host"):
        host_of("a{b}")
