"""The cases of request headers, each through a whole gateway: what the register sees of them, and what it never may."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cases.runners import HEADER, meaning, runs
from tests.gateway_fixture import Clock, GatewayFixture, gateway_fixture, scripted
from tests.running import RawUpstream
from tests.upstream.raw_client import Conversation, converse

ADMIN = {"claim": {"name": "roles", "contains": "admin"}}
CORPORATE = [
    {"claim": {"name": "vo_email", "any_of": ["alice@corp.test"]}},
    {"claim": {"name": "email_verified", "equals": True}},
]
METHODS = ["GET", "HEAD", "OPTIONS"]
RULES: list[Any] = [
    {"id": "public", "match": {"path": "/public/**", "methods": METHODS}, "require": ["anyone"]},
    {"id": "admin", "match": {"path": "/admin/**"}, "require": [ADMIN]},
    {"id": "corporate", "match": {"path": "/corp-only/**"}, "require": CORPORATE},
    {"id": "app", "match": {"path": "/app/**"}, "require": ["authenticated"]},
]
IDENTITY = {
    "claims": {"extra": ["roles", "context", "vo_email", "email_verified"]},
    "headers": {
        "X-Auth-User": "subject",
        "X-Auth-Email": "email",
        "X-Auth-Roles": "claims.roles",
        "X-Auth-Context": "claims.context",
    },
}
USER = {"sub": "alice", "vo_email": "alice@corp.test", "roles": ["user"], "context": "ctx-1"}
# The persons of the cases; where a case stands for several, each of them.
PERSONS: dict[str, list[dict[str, Any]]] = {
    "user": [USER],
    "user-without-email": [USER | {"vo_email": None}],
    "user-no-roles": [USER | {"roles": []}],
    "claim-crlf": [USER | {"context": "A\r\nX-Auth-Roles: admin"}],
    "claim-unicode": [USER | {"context": "Jörg Ł"}],
    "role-case": [USER | {"roles": ["Admin"]}],
    "role-odd": [USER | {"roles": [role]} for role in (" admin ", "admin\0", "admin\u200b", "\uff41dmin")],
    "roles-string": [USER | {"roles": "administrator-readonly"}],
    "roles-weird": [USER | {"roles": roles} for roles in ({"admin": True}, 1, None, [["admin"]])],
    "email-unverified": [USER | {"email_verified": value} for value in (False, "false")],
    "email-suffix": [
        USER | {"vo_email": email, "email_verified": True}
        for email in ("a@evilcorp.test", "a@corp.test.evil.test")
    ],
    "user-case": [USER | {"sub": subject} for subject in ("alice", "ALICE")],
}
# Cookies of the case files, and those of this gateway.
NAMES = {"__Host-gw_session": "tgp-ti-session", "gw_state_": "tgp-ti-flow-"}
BODY = b"hello"


@dataclass
class Place:
    """Two gateways, of which the second trusts its peer, and a ticket for each person."""

    gateways: dict[bool, GatewayFixture]
    tickets: dict[tuple[bool, str], list[str]]

    def tickets_of(self, person: str, trusted: bool) -> list[str]:
        found = self.tickets.setdefault((trusted, person), [])
        gate = self.gateways[trusted]
        for claims in meaning(PERSONS, person) if not found else ():
            gate.op.claims = {name: value for name, value in claims.items() if name != "sub"}
            gate.op.subject = claims["sub"]
            with gate.browser() as browser:
                browser.log_in("/app/x")
                found.append(str(gate.ticket(browser)))
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    def gateway(**edge: Any) -> Any:
        return gateway_fixture(
            tmp_path_factory.mktemp("headers"), provider=scripted, backend=RawUpstream(), rules=RULES,
            identity=IDENTITY, clock=Clock(), edge={"hosts": ["gw.test"], **edge},
        )  # fmt: skip

    with gateway() as plain, gateway(trusted_proxies=["127.0.0.1/32"]) as trusting:
        yield Place({False: plain, True: trusting}, {})


def folded(name: str) -> str:
    """A header's name as CGI reads it."""
    return re.sub("[^a-z0-9]", "-", name.lower())


class Seen:
    """What client and register saw of one request."""

    def __init__(self, talk: Conversation, received: list[bytes], gate: GatewayFixture) -> None:
        self.status = talk.answers[0].status
        self.gate = gate
        self.forwarded = bool(received)
        head, _, self.body = b"".join(received[:1]).decode("latin-1").partition("\r\n\r\n")
        pairs = (line.partition(":") for line in head.split("\r\n")[1:])
        self.lines = [(name, value.strip(" \t")) for name, _, value in pairs]

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.lines if key.lower() == name.lower()]

    def has(self, name: str) -> bool:
        return any(folded(key) == folded(name) for key, _ in self.lines)

    def client_in_record(self) -> str:
        """The client's address in the decision record of the request."""
        (record,) = self.gate.records_with(self.values("x-request-id")[0])
        return str(record["client"])


# Each takes what was seen, and what the case expects. The first need a request that went on to the register.
FORWARDED: dict[str, Callable[[Seen, Any], bool]] = {
    "present": lambda seen, pairs: all(seen.values(name) == [value] for name, value in pairs.items()),
    "present_names": lambda seen, names: all(seen.values(name) for name in names),
    "exactly_one": lambda seen, names: all(len(seen.values(name)) == 1 for name in names),
    "xff": lambda seen, chain: [part.strip() for line in seen.values("x-forwarded-for") for part in line.split(",")] == chain,
    "client_ip": lambda seen, address: seen.client_in_record() == address,
    "cookie_forwarded": lambda seen, value: seen.values("cookie") == [value],
    "order": lambda seen, lists: all(seen.values(name) == values for name, values in lists.items()),
    "body": lambda seen, body: seen.body == body,
}  # fmt: skip
EXPECTED: dict[str, Callable[[Seen, Any], bool]] = {
    **FORWARDED,
    "absent": lambda seen, names: not any(seen.has(name) for name in names),
    "absent_names_raw": lambda seen, names: not any(seen.values(name) for name in names),
    # What stands behind an encoded line break is part of one claim.
    "forbidden_values": lambda seen, texts: (
        not any(text in value.partition("%0D%0A")[0] for text in texts for _, value in seen.lines)
    ),
    "present_if_forwarded": lambda seen, pairs: (
        not seen.forwarded or all(seen.values(name) == [value] for name, value in pairs.items())
    ),
    "status_in": lambda seen, allowed: seen.status in allowed,
}


@runs(
    HEADER,
    fields=("method", "route", "session", "peer_trusted", "request_headers"),
    expected=EXPECTED,
)
def test_header_cases(place: Place, case: dict[str, Any]) -> None:
    gate = place.gateways[case["peer_trusted"]]
    expected: dict[str, Any] = case["expected"]
    tickets: list[str | None] = [None]
    if case["session"] != "none":
        tickets = list(place.tickets_of(case["session"], case["peer_trusted"]))
    for ticket in tickets:
        seen = exchange(gate, case, ticket)
        allowed = expected.get("status_in", [200])
        if "status_in" not in expected and any(
            re.search("[\0-\x1f\x7f]", value) for _, value in case["request_headers"]
        ):
            allowed = [200, 400]
        assert seen.status in allowed
        assert seen.forwarded is (seen.status == 200)
        for name, value in expected.items():
            if name in FORWARDED and not seen.forwarded:
                continue  # refused, as the case allows
            wanted = json.loads(renamed(json.dumps(value), ticket))
            assert EXPECTED[name](seen, wanted), (name, seen.lines)


def renamed(text: str, ticket: str | None) -> str:
    """With the cookies of this gateway, and a ticket that holds."""
    for theirs, ours in NAMES.items():
        text = text.replace(theirs, ours)
    return re.sub(r"SESSION|GOOD", ticket or "x" * 43, text)


def exchange(gate: GatewayFixture, case: dict[str, Any], ticket: str | None) -> Seen:
    """Send the request of a case; where its Cookie lines hold no session, the person's is added."""
    lines = [
        (name, renamed(value, ticket) if name.lower() == "cookie" else value)
        for name, value in case["request_headers"]
    ]
    if ticket and not any(f"{gate.session_cookie}={ticket}" in value for _, value in lines):
        lines.append(("Cookie", f"{gate.session_cookie}={ticket}"))
    head = [
        f"{case['method']} {case['route']} HTTP/1.1",
        "Host: gw.test",
        *(f"{name}: {value}" for name, value in lines),
    ]
    raw = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n"
    if case["method"] == "POST":
        raw += case["expected"].get("body", "").encode("latin-1")
    upstream = gate.upstream
    upstream.clear()
    upstream.answer = lambda _head: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    talk = converse(gate.port, raw, look=0.01)
    upstream.settle()
    return Seen(talk, list(upstream.received), gate)
