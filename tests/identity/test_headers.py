"""What of a client's headers gets past the gateway, and what the gateway says instead."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from gateway.identity.headers import OutgoingHeaders
from gateway.model import Identity, Organisation

CASES = json.loads((Path(__file__).parents[1] / "cases" / "header-cases.json").read_text())["cases"]
# The names that the case file gives to the attributes of its user.
MAPPING = {
    "X-Auth-User": "subject",
    "X-Auth-Email": "email",
    "X-Auth-Roles": "claims.roles",
    "X-Auth-Context": "claims.context",
}
ALICE = Identity("op", "alice", email="alice@corp.test", claims={"roles": ["user"], "context": "ctx-1"})
SESSIONS = {
    "none": None,
    "user": ALICE,
    "user-without-email": Identity("op", "alice", claims={"roles": ["user"], "context": "ctx-1"}),
    "user-no-roles": Identity("op", "alice", claims={"roles": [], "context": "ctx-1"}),
    "claim-crlf": Identity("op", "A\r\nX-Auth-Roles: admin"),
    "claim-unicode": Identity("op", "Jörg Ł"),
}


def sent_on(case: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    headers = OutgoingHeaders(MAPPING, "X-Toegangspoort-Assertion")
    received = [
        (name.encode("latin-1").lower(), value.encode("latin-1")) for name, value in case["request_headers"]
    ]
    return [*headers.strip(received), *headers.build(SESSIONS[case["session"]])]


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case["cls"] in ("spoof", "alias") and case["id"] != "alias-xff"],
    ids=lambda case: str(case["id"]),
)
def test_a_forged_identity_header_never_passes(case: dict[str, Any]) -> None:
    lines = sent_on(case)
    names = [name for name, _ in lines]
    expected = case["expected"]
    for name, value in expected.get("present", {}).items():
        assert [v for n, v in lines if n == name.encode()] == [value.encode()]
    for name in expected.get("absent", ()):
        assert name.encode() not in names
    for name in expected.get("absent_names_raw", ()):
        assert name.encode("latin-1").lower() not in names
    for value in expected.get("forbidden_values", ()):
        assert all(value.encode() not in sent for _, sent in lines)


def test_all_names_by_which_proxies_tell_who_somebody_is_are_taken_out() -> None:
    case = next(case for case in CASES if case["id"] == "spoof-remote-user")
    assert sent_on(case) == list(OutgoingHeaders(MAPPING).build(ALICE))


@pytest.mark.parametrize("session", ["claim-crlf", "claim-unicode"])
def test_a_claim_cannot_break_out_of_its_line(session: str) -> None:
    ((name, value),) = OutgoingHeaders({"X-Auth-User": "subject"}).build(SESSIONS[session])
    assert name == b"x-auth-user"
    assert value.isascii()
    assert not {10, 13, 0} & set(value)
    assert unquote(value.decode()) == SESSIONS[session].subject  # type: ignore[union-attr]


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
