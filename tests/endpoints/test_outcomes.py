"""What people and programs are told of how far their request came, over a gateway that runs."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateway_fixture import GatewayFixture, gateway_fixture, scripted
from tests.running import RawUpstream, free_socket

NOT_SAVED = "Er is niets bij het register aangekomen"
IN_PART = "maar gedeeltelijk bij het register aangekomen"
PERHAPS = "Misschien is het opgeslagen of gewijzigd"
WORDS = {"no": NOT_SAVED, "partly": IN_PART, "wholly": PERHAPS}
RULES: list[dict[str, Any]] = [
    {"id": "closed", "match": {"path": "/closed"}, "require": [{"right": {"right": "indiener"}}]},
    {"id": "own", "match": {"path": "/own"}, "require": ["authenticated"]},
    {"id": "down", "match": {"path": "/down"}, "require": ["anyone"], "upstream": "down"},
    {"id": "small", "match": {"path": "/small"}, "require": ["anyone"], "max_body": 10_000},
    {"id": "soon", "match": {"path": "/soon"}, "require": ["anyone"], "timeout": "0.3s"},
    {"id": "open", "match": {"path": "/**"}, "require": ["anyone"]},
]


@pytest.fixture(scope="module")
def nobody() -> Iterator[str]:
    with free_socket() as sock:  # bound, never listening
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, nobody: str) -> Iterator[GatewayFixture]:
    with gateway_fixture(
        tmp_path_factory.mktemp("outcomes"),
        provider=scripted,
        backend=RawUpstream(close_after=True),
        rules=RULES,
        upstreams={"down": {"url": nobody}},
        edge={"body_timeout": "0.4s"},
        session={"store": "memory:"},
    ) as found:
        yield found


def ask(gate: GatewayFixture, line: str, *fields: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
    """(status, problem) of one request on a socket of its own."""
    head = "\r\n".join(
        (f"{line} HTTP/1.1", f"Host: localhost:{gate.port}", "Connection: close", *fields, "", "")
    )
    with socket.create_connection(("127.0.0.1", gate.port), timeout=20) as sock:
        sock.sendall(head.encode() + body)
        seen = b""
        while part := sock.recv(65_536):
            seen += part
    answer = seen.partition(b"\r\n\r\n")[2]
    return int(seen[9:12]), json.loads(answer) if answer.startswith(b"{") else {}


GARBAGE = b"no http\r\n\r\n"
LONG = b"x" * 20_000


@pytest.mark.parametrize(
    ("line", "fields", "body", "answer", "code", "forwarded"),
    [
        ("POST /closed", ("Content-Length: 1",), b"x", b"", "login-required", "no"),
        ("POST /own", ("Content-Length: 1",), b"x", b"", "login-required", "no"),
        ("POST /down", ("Content-Length: 1",), b"x", b"", "upstream-unreachable", "no"),
        ("DELETE /down", (), b"", b"", "upstream-unreachable", "no"),
        ("GET /down", (), b"", b"", "upstream-unreachable", None),
        ("POST /small", ("Content-Length: 20000",), LONG, b"", "content-too-large", "no"),
        ("POST /x", ("Content-Length: 10",), b"x", b"", "request-timeout", "no"),
        ("POST /x", ("Content-Length: 1",), b"x", GARBAGE, "upstream-broken", "wholly"),
        ("PUT /x", ("Content-Length: 1",), b"x", b"", "upstream-unreachable", "wholly"),
        ("DELETE /x", (), b"", GARBAGE, "upstream-broken", "wholly"),
        ("GET /x", (), b"", GARBAGE, "upstream-broken", None),
        ("POST /soon", ("Content-Length: 1",), b"x", None, "upstream-timeout", "wholly"),
        ("GET /soon", (), b"", None, "upstream-timeout", None),
        ("POST /x", ("Content-Length: 30000",), LONG, None, "request-timeout", "partly"),
        ("POST /x", ("Content-Length: 30000",), LONG, b"", "upstream-unreachable", "partly"),
        (
            "POST /small",
            ("Transfer-Encoding: chunked",),
            b"2328\r\n" + b"x" * 9_000 + b"\r\n2328\r\n" + b"x" * 9_000 + b"\r\n0\r\n\r\n",
            None,
            "content-too-large",
            "no",
        ),
    ],
)
def test_how_far_a_request_came(
    gate: GatewayFixture,
    line: str,
    fields: tuple[str, ...],
    body: bytes,
    answer: bytes | None,
    code: str,
    forwarded: str | None,
) -> None:
    gate.upstream.answer = lambda _head: answer
    gate.upstream.close_after = answer is not None
    gate.upstream.read_body = forwarded != "partly"
    _, problem = ask(gate, line, *fields, body=body)
    assert problem["code"] == code
    assert problem.get("forwarded") == forwarded
    for stage, words in WORDS.items():
        assert (words in problem["detail"]) == (stage == forwarded)
    assert "niet bewaard" not in problem["detail"]


def test_what_is_for_the_gateway_itself_says_nothing_of_the_register(gate: GatewayFixture) -> None:
    for line in ("POST /oauth2/session/refresh", "POST /oauth2/nothing", "POST /oauth2/userinfo"):
        status, problem = ask(gate, line, "Content-Length: 0", "X-Requested-With: x")
        assert status >= 400
        assert "forwarded" not in problem
        assert not any(words in problem["detail"] for words in WORDS.values())


def test_a_page_says_it_too(gate: GatewayFixture) -> None:
    with gate.browser() as browser:
        gate.upstream.answer = lambda _head: GARBAGE
        page = browser.page("/x").text
        assert not any(words in page for words in WORDS.values())
