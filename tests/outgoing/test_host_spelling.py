"""Hosts have one spelling, however they are written."""

from __future__ import annotations

import pytest

from gateway.outgoing.host_spelling import LOCAL, one_spelling


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.", "127.0.0.1", "[::1]", "::1", "127.1", "2130706433", "0x7f.1", "0.0.0.0", "::", "::ffff:127.0.0.1", "a.localhost", "ip6-localhost", "localhost.localdomain"],
)  # fmt: skip
def test_this_machine_is_one(host: str) -> None:
    assert one_spelling(host) == LOCAL


@pytest.mark.parametrize(
    ("host", "spelt"),
    [
        ("Register.Example.BE.", "register.example.be"),
        ("[2001:DB8::0001]", "2001:db8::1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("127.0.0.2", "127.0.0.2"),
        ("3com.example", "3com.example"),
        ("fade", "fade"),
        ("", ""),
    ],
)
def test_others_are_themselves(host: str, spelt: str) -> None:
    assert one_spelling(host) == spelt
