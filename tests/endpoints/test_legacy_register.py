"""A legacy register behind the gateway: its paths, methods, addresses and headers, over HTTP."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway_fixture import GatewayFixture, scripted_gateway
from tests.running import RawUpstream
from tests.upstream.raw_client import Answer, converse

CASES = [
    case
    for name in ("legacy-paths", "double-slash", "location-inside")
    for case in json.loads(
        (Path(__file__).parent.parent / f"cases/legacy-register/{name}.json").read_text("utf-8")
    )
]
RULES = [
    {"id": "dav", "match": {"path": "/dav/**"}, "require": ["anyone"]},
    {"id": "list", "match": {"path": "/list", "methods": ["PROPFIND"]}, "require": ["anyone"]},
    {"id": "rest", "match": {"path": "/**"}, "require": ["authenticated"]},
]


def _answer(head: bytes) -> bytes:
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, target, _ = first.split(" ")
    if target.startswith("/raw?x="):
        return bytes.fromhex(target.removeprefix("/raw?x="))
    body = json.dumps({"method": method, "target": target, "headers": lines}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    folder = tmp_path_factory.mktemp("legacy")
    key = folder / "api.key"
    key.write_text("s3cret\n")
    key.chmod(0o600)
    with scripted_gateway(
        folder,
        backend=RawUpstream(answer=_answer),
        rules=RULES,
        identity={
            "rights": {"claims": ["ovam_rol_3d"]},
            "headers": {"SM_USER": "subject", "X-Rights": "rights"},
            "headers_with_underscores": ["SM_USER"],
            "list_separator": "; ",
        },
        paths={
            "parameters": "strip",
            "encoded": ["%23", "%3F", "%3B", "%2F"],
            "empty_segments": "keep",
            "octets": "any",
        },
        edge={"methods": ["PROPFIND", "MKCOL", "COPY", "MOVE", "LOCK"]},
        upstream={
            "headers": {"X-Api-Key": "file:api.key", "X-Zone": "intern"},
            "session_parameters": "unclaimed",
            "basic": {"username": "poort", "password": "file:api.key"},
        },
    ) as found:
        yield found


@pytest.fixture(scope="module")
def cookie(gate: GatewayFixture) -> Iterator[str]:
    gate.op.claims["ovam_rol_3d"] = [
        "OVAMGebruiker-NonConformiteitenIndiener:0428315871",
        "OVAM;Lezer-X:0428315871",
    ]
    with gate.browser() as alice:
        alice.log_in()
        yield alice.headers(None)["cookie"]


def ask(gate: GatewayFixture, line: str, *headers: str) -> Answer:
    lines = [f"{line} HTTP/1.1", f"Host: localhost:{gate.port}", *headers, "", ""]
    answers: list[Answer] = converse(gate.port, "\r\n".join(lines).encode("latin-1")).answers
    return answers[0]


CHECKS: dict[str, Callable[[Answer, Any], bool]] = {
    "status": lambda answer, value: answer.status == value,
    "has": lambda answer, value: value.lower() in _head(answer),
    "lacks": lambda answer, value: value.lower() not in _head(answer),
    "body-has": lambda answer, value: value.encode("latin-1") in answer.body,
}


def _head(answer: Answer) -> str:
    return "\r\n".join(f"{name}: {value}" for name, value in answer.headers).lower()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_reported_cases(gate: GatewayFixture, cookie: str, case: dict[str, Any]) -> None:
    [request] = case["requests"]
    line = request["line"].removesuffix(" HTTP/1.1")
    inside = f"localhost:{gate.upstream.port}"
    if "answer" in request:
        answer = request["answer"].replace("localhost:9020", f"127.0.0.1:{gate.upstream.port}")
        line = line.replace("@", "/raw?x=" + answer.encode("latin-1").hex())
    headers = [f"{name}: {value}" for name, value in request["headers"]]
    found = ask(gate, line, f"Cookie: {cookie}", *headers)
    for _, kind, value in case["right"]:
        expected = value.replace("localhost:9020", inside) if isinstance(value, str) else value
        assert CHECKS[kind](found, expected), (kind, value, found)
    assert str(gate.upstream.port) not in _head(found)


def seen(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer
    found: dict[str, Any] = json.loads(answer.body)
    return found


@pytest.mark.parametrize("method", ["PROPFIND", "MKCOL", "LOCK"])
def test_methods_of_webdav_go_on(gate: GatewayFixture, method: str) -> None:
    assert seen(ask(gate, f"{method} /dav/x"))["method"] == method
    assert ask(gate, f"{method} /x").status == 401


def test_other_methods_do_not(gate: GatewayFixture) -> None:
    refused = ask(gate, "PROPPATCH /dav/x")
    assert refused.status == 405
    allow = {name.lower(): value for name, value in refused.headers}["allow"]
    assert {"GET", "PROPFIND", "MOVE"} <= set(allow.split(", "))
    for method in ("TRACE", "CONNECT", "FOO"):
        assert ask(gate, f"{method} /dav/x").status in (400, 405, 501)
    assert ask(gate, "PROPFIND /list").status == 200
    assert ask(gate, "GET /list").status == 401


def test_a_destination_must_be_open_by_the_same_rule(gate: GatewayFixture, cookie: str) -> None:
    here = f"http://localhost:{gate.port}"
    for target in (f"{here}/dav/b", "/dav/b", "/dav/b%20c", f"{here}/dav/b;v=1"):
        assert (
            f"Destination: {target}".lower()
            in "\n".join(seen(ask(gate, "MOVE /dav/a", f"Destination: {target}"))["headers"]).lower()
        )
    for target in (
        "/admin",
        f"{here}/x/b",
        "/dav/../admin",
        "/dav/..;/admin",
        "http://evil.test/dav/b",
        "dav/b",
        "",
        "//dav/b",
    ):
        assert ask(gate, "COPY /dav/a", f"Destination: {target}").status in (400, 421), target
        assert ask(gate, "COPY /dav/a", f"Destination: {target}", f"Cookie: {cookie}").status in (400, 421), (
            target
        )
    assert ask(gate, "MOVE /dav/a", "Destination: /dav/b", "Destination: /admin").status == 400
    assert ask(gate, "GET /dav/a", "Destination: /admin").status == 200


def test_the_register_gets_what_the_gateway_sets(gate: GatewayFixture, cookie: str) -> None:
    answer = ask(
        gate, "GET /echo", f"Cookie: {cookie}", "SM_USER: evil", "sm-user: evil", "X-Api-Key: evil", "x_zone: evil",
        "X-Forwarded-Port: 1", "Authorization: Basic ZXZpbDpldmls",
    )  # fmt: skip
    lines = dict(line.split(": ", 1) for line in seen(answer)["headers"])
    assert lines["sm_user"] == gate.op.subject
    assert lines["x-api-key"] == "s3cret"
    assert lines["x-zone"] == "intern"
    assert lines["authorization"] == "Basic " + b64encode(b"poort:s3cret").decode()
    assert lines["x-forwarded-port"] == str(gate.port)
    assert (
        lines["x-rights"] == "OVAMGebruiker-NonConformiteitenIndiener:0428315871; OVAM%3BLezer-X:0428315871"
    )
    assert "evil" not in str(lines)


def test_addresses_and_cookies_of_the_inside_become_ours(gate: GatewayFixture, cookie: str) -> None:
    inside = f"http://127.0.0.1:{gate.upstream.port}"
    raw = (
        f"HTTP/1.1 201 Created\r\nLocation: {inside}/a?b\r\nContent-Location: {inside}/c\r\nRefresh: 3; url={inside}/d\r\n"
        "Set-Cookie: legacy=1; Path=/x; Domain=127.0.0.1\r\nContent-Length: 0\r\n\r\n"
    )
    found = ask(gate, f"GET /raw?x={raw.encode().hex()}", f"Cookie: {cookie}")
    headers = {name.lower(): value for name, value in found.headers}
    assert headers["location"] == "/a?b"
    assert headers["content-location"] == "/c"
    assert headers["refresh"] == "3; url=/d"
    assert headers["set-cookie"] == "legacy=1; Path=/x"


def test_rewriting_can_be_switched_off(tmp_path: Path) -> None:
    rules = [{"id": "open", "match": {"path": "/**"}, "require": ["anyone"]}]
    register = RawUpstream(answer=_answer)
    with scripted_gateway(
        tmp_path, backend=register, rules=rules, upstream={"rewrite_addresses": False}
    ) as gate:
        inside = f"http://127.0.0.1:{register.port}/a"
        raw = f"HTTP/1.1 302 Found\r\nLocation: {inside}\r\nContent-Length: 0\r\n\r\n"
        found = ask(gate, f"GET /raw?x={raw.encode().hex()}")
        assert ("location", inside) in [(name.lower(), value) for name, value in found.headers]


@pytest.mark.parametrize(
    ("upstream", "location"),
    [
        ({}, "https://gw.test/a"),
        ({"pass_host": False}, "http://gw.test/a"),
        ({"rewrite_addresses": False}, "http://gw.test/a"),
    ],
)
def test_a_register_that_gets_the_host_and_knows_nothing_of_tls(
    tmp_path: Path, upstream: dict[str, Any], location: str
) -> None:
    rules = [{"id": "open", "match": {"path": "/**"}, "require": ["anyone"]}]
    raw = "HTTP/1.1 302 Found\r\nLocation: http://gw.test/a\r\nContent-Length: 0\r\n\r\n"
    request = f"GET /raw?x={raw.encode().hex()} HTTP/1.1\r\nHost: gw.test\r\n\r\n"
    with scripted_gateway(
        tmp_path,
        backend=RawUpstream(answer=_answer),
        rules=rules,
        public_url="https://gw.test",
        upstream=upstream,
    ) as gate:
        [found] = converse(gate.port, request.encode()).answers
        assert ("location", location) in [(name.lower(), value) for name, value in found.headers]
