"""Addresses of the register in its answers: its own become ours, others stay."""

from __future__ import annotations

from time import process_time

import pytest

from gateway.upstream.address_rewriter import AddressRewriter

INSIDE = AddressRewriter(("http://register.internal:8080",), "https://register.example.be")
LOCAL = AddressRewriter(("https://localhost:9020",), "http://localhost:8000")
PREFIXED = AddressRewriter(("http://[::1]:8080",), "https://gw.test", "/app")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://register.internal:8080/app/lijst.xhtml?x=1#a", "/app/lijst.xhtml?x=1#a"),
        ("https://register.internal:8080/x", "/x"),
        ("http://register.internal/x", "/x"),
        ("https://register.internal:443/x", "/x"),
        ("http://register.internal:80/x", "/x"),
        ("//register.internal:8080/x", "/x"),
        ("//Register.Internal/x", "/x"),
        ("HTTP://register.internal:/x", "/x"),
        ("http://register.internal:8080", "/"),
        ("http://register.internal:8080?x=1", "/?x=1"),
        ("http://register.internal:8080#top", "/#top"),
        ("http://register.internal:8080//evil.test/x", "https://register.example.be//evil.test/x"),
        ("http://register.internal:8080/\\evil.test", "https://register.example.be/\\evil.test"),
        ("http://register.internal:8080/\t/evil.test", "https://register.example.be/\t/evil.test"),
    ],
)
def test_the_registers_own_address_becomes_a_path_of_this_site(address: str, expected: str) -> None:
    assert INSIDE.address(address.encode()) == expected.encode()
    assert INSIDE.header(b"location", address.encode()) == expected.encode()


@pytest.mark.parametrize(
    "address",
    [
        "/app/lijst.xhtml", "lijst.xhtml", "?x=1", "", "//", "http://", "https://www.vlaanderen.be/x",
        "http://register.internal:8081/x", "https://register.internal:80/x", "http://register.internal.evil.test/x",
        "http://evil.test/register.internal:8080/", "http://register.internal:8080@evil.test/",
        "http://user@register.internal:8080/x", "http:\\\\register.internal:8080/x", "http:/register.internal:8080/x",
        "ftp://register.internal:8080/x", "http://register.internal:8080\\@evil.test", "/x?u=http://register.internal:8080/",
        "https://register.example.be/x", "ws://register.internal:8080/x", "//register.internal.:8080/x",
    ],
)  # fmt: skip
def test_other_addresses_are_never_touched(address: str) -> None:
    assert INSIDE.address(address.encode()) == address.encode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("5; url=http://register.internal:8080/x", "5; url=/x"),
        ("0;URL='http://register.internal/x'", "0;URL='/x'"),
        ('3 , "http://register.internal/x"', '3 , "/x"'),
        ("1; http://register.internal/x", "1; /x"),
        ("0 url=http://register.internal/x", "0 url=/x"),
        (".5\thttp://register.internal/x", ".5\t/x"),
        ("5", "5"),
        ("5; url=https://elders.be/", "5; url=https://elders.be/"),
        ("x; url=http://register.internal/", "x; url=http://register.internal/"),
    ],
)
def test_refresh(value: str, expected: str) -> None:
    assert INSIDE.header(b"refresh", value.encode()) == expected.encode()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a=1; Path=/x; Domain=register.internal; HttpOnly", "a=1; Path=/x; HttpOnly; Secure"),
        ("a=1; domain = .Register.Internal", "a=1; Secure"),
        ("a=1; Domain=internal", "a=1; Secure"),
        ("a=1; Domain=example.be; secure", "a=1; Domain=example.be; secure"),
        ("a=1; Domain=elders.be", "a=1; Domain=elders.be; Secure"),
        ("a=Domain=register.internal", "a=Domain=register.internal; Secure"),
        ('a="x', 'a="x; Secure'),
    ],
)
def test_cookies_lose_the_inside_domain_and_become_secure(line: str, expected: str) -> None:
    assert INSIDE.cookie(line.encode()) == expected.encode()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a=1; Secure; Path=/", "a=1; Path=/"),
        ("a=1; Domain=localhost", "a=1; Domain=localhost"),
        ("__Secure-a=1; Secure", "__Secure-a=1; Secure"),
        ("a=1; SameSite=None; Secure", "a=1; SameSite=None; Secure"),
        ("a=1", "a=1"),
    ],
)
def test_without_tls_outside_cookies_are_not_secure(line: str, expected: str) -> None:
    assert LOCAL.cookie(line.encode()) == expected.encode()


def test_behind_a_unix_socket_cookies_become_secure_too() -> None:
    assert AddressRewriter((), "https://gw.test").cookie(b"a=1") == b"a=1; Secure"
    assert AddressRewriter((), "http://gw.test").cookie(b"a=1; Secure") == b"a=1; Secure"


def test_the_prefix_of_the_register_is_taken_off() -> None:
    for address, expected in (
        (b"http://[::1]:8080/app/x", b"/x"), (b"/app/x?y", b"/x?y"), (b"/app", b"/"), (b"/app?x", b"/?x"),
        (b"/application/x", b"/application/x"), (b"/other", b"/other"), (b"http://[::1]/other", b"/other"),
        (b"http://[::1]:8080/app//evil.test", b"https://gw.test//evil.test"),
        (b"/app//evil.test", b"https://gw.test//evil.test"), (b"/app/\\evil.test", b"https://gw.test/\\evil.test"),
        (b"/app/\t/evil.test", b"https://gw.test/\t/evil.test"), (b"//u@elsewhere.test/", b"//u@elsewhere.test/"),
    ):  # fmt: skip
        assert PREFIXED.address(address) == expected
    assert PREFIXED.cookie(b"a=1; Path=/app/x; Secure") == b"a=1; Path=/x; Secure"
    assert PREFIXED.cookie(b"a=1; Path=/app; Secure") == b"a=1; Path=/; Secure"


@pytest.mark.parametrize("attribute", [b"; Path=/app/x", b"; Secure", b"; Domain=register.internal"])
def test_a_cookie_of_very_many_attributes_takes_as_long_as_it_is(attribute: bytes) -> None:
    addresses = AddressRewriter(["https://register.internal"], "http://gw.test", "/app")

    def seconds(times: int) -> float:
        begun = process_time()
        addresses.cookie(b"a=1" + attribute * times)
        return process_time() - begun

    # Eight times as many take eight times as long, not sixty-four times.
    assert min(seconds(8_000) for _ in range(3)) < 24 * min(seconds(1_000) for _ in range(5))


@pytest.mark.parametrize(
    ("inside", "outside"),
    [(b"/app", b"/reports"), (b"/app/", b"/reports/"), (b"/app/x", b"/reports/x"), (b"/", b"/reports")],
)
def test_a_cookie_of_all_of_the_register_is_one_of_the_outer_path_itself(
    inside: bytes, outside: bytes
) -> None:
    addresses = AddressRewriter(["http://register.internal:8080"], "http://gw.test", "/app", "/reports")
    assert addresses.cookie(b"a=1; Path=" + inside) == b"a=1; Path=" + outside


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        (b"/x", b"/reports/x"),
        (b"/", b"/reports/"),
        (b"http://register.internal:8080/x?y", b"/reports/x?y"),
        (b"/reports/x", b"/reports/x"),
        (b"/reportsx", b"/reports/reportsx"),
        (b"https://elsewhere.test/x", b"https://elsewhere.test/x"),
        (b"//elsewhere.test/x", b"//elsewhere.test/x"),
        (b"x", b"x"),
    ],
)
def test_all_of_a_register_is_below_an_outer_path(inside: bytes, outside: bytes) -> None:
    addresses = AddressRewriter(["http://register.internal:8080"], "http://gw.test", outer="/reports")
    assert addresses.address(inside) == outside
    assert addresses.cookie(b"a=1; Path=/") == b"a=1; Path=/reports"
    assert addresses.cookie(b"a=1; Path=/x") == b"a=1; Path=/reports/x"
    for unchanged in (b"__Host-a=1; Path=/; Secure", b"a=1; Path=", b"a=1; Path=x", b"a=1; Path"):
        assert addresses.cookie(unchanged) == unchanged


@pytest.mark.parametrize(
    "authority", ["[::1]:8080", "[0:0:0:0:0:0:0:1]:8080", "[0000::0001]", "[::0.0.0.1]:80"]
)
def test_an_ipv6_address_is_one_in_every_spelling(authority: str) -> None:
    for own in ("[::1]", "[0:0:0:0:0:0:0:1]"):
        addresses = AddressRewriter([f"http://{own}:8080"], "https://gw.test")
        assert addresses.address(f"http://{authority}/x".encode()) == b"/x"
        assert addresses.cookie(b"a=1; Domain=[::1]") == b"a=1; Secure"
    for other in (
        b"http://[::2]:8080/x",
        b"http://[::1:8080/x",
        b"http://[v1.x]:8080/x",
        b"http://::1:8080/x",
    ):
        assert addresses.address(other) == other


HOSTS = ("register.example.be", "old.example.be", "gw.test:8443", "[2001:db8::1]")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://register.example.be/x?y#z", "https://register.example.be/x?y#z"),
        ("HTTP://Register.Example.Be:80", "https://register.example.be/"),
        ("http://old.example.be:443/x", "https://old.example.be/x"),
        ("http://old.example.be://evil.test/x", "https://old.example.be//evil.test/x"),
        ("http://gw.test:8443/x", "https://gw.test:8443/x"),
        ("http://[2001:db8:0:0:0:0:0:1]/x", "https://[2001:db8::1]/x"),
        ("http://gw.test/x", "http://gw.test/x"),
        ("http://gw.test:8443:80/x", "http://gw.test:8443:80/x"),
        ("http://register.example.be:8080/x", "http://register.example.be:8080/x"),
        ("http://register.example.be.evil.test/x", "http://register.example.be.evil.test/x"),
        ("http://register.example.be@evil.test/x", "http://register.example.be@evil.test/x"),
        ("//register.example.be/x", "//register.example.be/x"),
        ("https://old.example.be/x", "https://old.example.be/x"),
    ],
)
def test_a_register_that_does_not_know_of_tls_leads_to_https(address: str, expected: str) -> None:
    addresses = AddressRewriter((), "https://register.example.be", hosts=HOSTS)
    assert addresses.address(address.encode()) == expected.encode()
    assert addresses.header(b"refresh", f"0;url={address}".encode()) == f"0;url={expected}".encode()
    untouched = AddressRewriter((), "http://register.example.be", hosts=HOSTS)
    assert untouched.address(address.encode()) == address.encode()


def test_what_a_register_writes_without_tls_is_a_path_of_its_own() -> None:
    addresses = AddressRewriter((), "https://gw.test", "/app", "/reports", hosts=["gw.test"])
    assert addresses.address(b"http://gw.test/app/x") == b"https://gw.test/reports/x"
    assert addresses.address(b"http://gw.test/reports/x") == b"https://gw.test/reports/x"
