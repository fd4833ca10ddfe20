"""Addresses of servers, as operators write them."""

from __future__ import annotations

import pytest

from gateway.upstream.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "address", "authority"),
    [
        ("http://register:8080/", Address("http://register:8080", "register", 8080), b"register:8080"),
        ("http://register", Address("http://register", "register", 80), b"register"),
        ("https://[::1]", Address("https://[::1]", "::1", 443, True), b"[::1]"),
        (
            "unix:/run/app.sock",
            Address("unix:/run/app.sock", "localhost", 0, socket="/run/app.sock"),
            b"localhost",
        ),
    ],
)
def test_an_address(text: str, address: Address, authority: bytes) -> None:
    assert parse_address(text) == address
    assert address.authority == authority


@pytest.mark.parametrize(
    "text",
    [
        "register:8080",
        "ftp://register",
        "http://",
        "http://a:0",
        "http://a:99999",
        "http://a/path",
        "http://a?x",
        "http://user@a",
        "http://a..b",
        "http://.a",
        "http://a b",
        "http://a*b",
        "http://a\tb",
        "http://a\u00e9.be",
        "http://" + "a" * 64,
        "http://[::1",
        "http://[::g]",
        "unix:run/app.sock",
        "unix:",
        "unix:/" + "a" * 107,
        "unix:/a\0b",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        parse_address(text)
