"""What of a client's headers gets past the gateway, and what the gateway says instead."""

from urllib.parse import unquote

import pytest

from gateway.identity.headers import OutgoingHeaders
from gateway.model import Identity, Organisation

# The names that the case file gives to the attributes of its user.
MAPPING = {
    "X-Auth-User": "subject",
    "X-Auth-Email": "email",
    "X-Auth-Roles": "claims.roles",
    "X-Auth-Context": "claims.context",
}
FORGED = [
    (name.lower().encode(), b"x")
    for name in (
        "Remote-User", "X-Remote-User", "Remote-Groups", "X-WebAuth-User", "X-Authenticated-User",
        "X-Authentik-Username", "X-MS-CLIENT-PRINCIPAL", "X-Goog-Authenticated-User-Email", "X-Amzn-Oidc-Data",
        "Cf-Access-Jwt-Assertion", "X-Pomerium-Jwt-Assertion", "X-Userinfo", "X-Client-Cert", "X-SSL-Client-S-DN",
    )
]  # fmt: skip


def test_all_names_by_which_proxies_tell_who_somebody_is_are_taken_out() -> None:
    assert OutgoingHeaders(MAPPING).strip(FORGED) == []


@pytest.mark.parametrize("subject", ["A\r\nX-Auth-Roles: admin", "Jörg Ł"])
def test_a_claim_cannot_break_out_of_its_line(subject: str) -> None:
    ((name, value),) = OutgoingHeaders({"X-Auth-User": "subject"}).build(Identity("op", subject))
    assert name == b"x-auth-user"
    assert value.isascii()
    assert not {10, 13, 0} & set(value)
    assert unquote(value.decode()) == subject


def test_other_headers_keep_their_order_and_octets() -> None:
    lines = [(b"x-a", b"1"), (b"x-latin", "café".encode("latin-1")), (b"x-a", b"2"), (b"x-authority", b"y")]
    assert OutgoingHeaders(MAPPING).strip(lines) == lines


def test_a_further_name_can_be_stripped() -> None:
    headers = OutgoingHeaders({}, strip=["X-Dienst"])
    assert headers.strip([(b"x_dienst", b"1"), (b"x-diensten", b"2")]) == [(b"x-diensten", b"2")]


def test_the_assertion_travels_under_its_own_name_and_nobody_else_may_use_it(indiener: Identity) -> None:
    headers = OutgoingHeaders({"X-Auth-Doelgroep": "doelgroep"}, "X-Proof")
    assert headers.strip([(b"x.proof", b"forged")]) == []
    assert headers.build(indiener, "a.b.c") == ((b"x-auth-doelgroep", b"EA"), (b"x-proof", b"a.b.c"))
    assert headers.build(None, "a.b.c") == ()
    assert OutgoingHeaders({}).build(indiener, "a.b.c") == ()


def test_built_once_per_identity_and_never_for_another() -> None:
    headers = OutgoingHeaders({"X-Org": "organisation.code"})
    one = Identity("op", "s", organisation=Organisation("0456789034"))
    assert headers.build(one) is headers.build(one)
    for number in range(5_000):
        who = Identity("op", "s", organisation=Organisation(str(number)))
        assert headers.build(who) == ((b"x-org", str(number).encode()),)


def test_the_memory_of_names_is_bounded() -> None:
    headers = OutgoingHeaders(MAPPING)
    headers.strip((f"x-{number}".encode(), b"") for number in range(10_000))
    headers.strip([(b"x" * 1_000, b"")])
    assert len(headers._forged) <= 4_096
    assert b"x" * 1_000 not in headers._forged
