"""What reaches the register, and what a refused person is told: over HTTP, with real sessions."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx2
import pytest

from tests.gateway_fixture import GatewayFixture
from tests.upstream.raw_client import converse

PAGE = {"accept": "text/html"}


def ask(gate: GatewayFixture, path: str, cookie: str | None = None, **headers: str) -> httpx2.Response:
    given = {**({"cookie": cookie} if cookie else {}), **headers}
    return httpx2.get(f"{gate.url}{path}", headers=given, trust_env=False, timeout=60)


def raw_echo(gate: GatewayFixture, *lines: str, path: str = "/echo") -> dict[str, Any]:
    head = (
        f"GET {path} HTTP/1.1\r\nHost: localhost:{gate.port}\r\n"
        + "".join(f"{line}\r\n" for line in lines)
        + "\r\n"
    )
    seen = converse(gate.port, head.encode("latin-1"))
    assert seen.answers[0].status == 200, seen.raw[:300]
    found: dict[str, Any] = json.loads(seen.answers[0].body)
    return found


def test_the_register_sees_the_identity_and_nothing_forged(
    gate: GatewayFixture, cookies: dict[str, str]
) -> None:
    seen = raw_echo(
        gate,
        f"Cookie: {cookies['buitenland']}; app=1",
        "X-Forwarded-User: evil", "x_forwarded_user: evil", "X.Forwarded.User: evil", "X-FORWARDED-USER: evil",
        "X-Auth-Name: evil", "X-Auth-Rights: evil", "X-Toegangspoort-Assertion: evil", "Remote-User: evil",
    )  # fmt: skip
    headers = [(name.lower(), value) for name, value in seen["headers"]]
    named = dict(headers)
    assert "evil" not in str(headers)
    assert [value for name, value in headers if name == "x-forwarded-user"] == [
        "6f0a6c1d9b6d4c0b8a7f1d1e5a2b3c4d5e6f7086"
    ]
    assert named["x-auth-name"] == "Jo%C3%A3o %C5%81ukasz"
    assert named["x-auth-organisation"] == "0456789034"
    assert named["x-auth-rights"] == "OVAMGebruiker-NonConformiteitenIndiener:0456789034"
    assert named["x-toegangspoort-assertion"].count(".") == 2
    assert named["cookie"] == "app=1"
    assert cookies["buitenland"] not in str(headers)


def test_connection_cannot_remove_the_identity(gate: GatewayFixture, cookies: dict[str, str]) -> None:
    seen = raw_echo(
        gate, f"Cookie: {cookies['indiener']}", "Connection: close, X-Forwarded-User, X-Auth-Rights"
    )
    names = {name.lower() for name, _ in seen["headers"]}
    assert {"x-forwarded-user", "x-auth-rights"} <= names


def test_open_paths_carry_no_identity_of_nobody(gate: GatewayFixture) -> None:
    answer = ask(gate, "/public/x", **{"x-forwarded-user": "evil"})
    assert answer.status_code == 404  # the register's own answer: it was forwarded


@pytest.mark.parametrize(
    "path", ["/echo/a%20b/caf%C3%A9?x=%2F..%2F&y=1&y=2&z", "/echo/%7Euser/%25", "/echo/?"]
)
def test_path_and_query_arrive_as_they_were_sent(
    gate: GatewayFixture, cookies: dict[str, str], path: str
) -> None:
    seen = raw_echo(gate, f"Cookie: {cookies['indiener']}", path=path)
    raw_path, _, query = path.partition("?")
    assert seen["path"] == raw_path
    assert seen["query"] == query


@pytest.mark.parametrize(
    "target", ["/echo/../admin", "/echo//x", "/echo/%2e%2e/x", "/echo/a%2Fb", "/echo/;x", "/echo\\x"]
)
def test_a_path_with_two_meanings_is_400(gate: GatewayFixture, cookies: dict[str, str], target: str) -> None:
    head = f"GET {target} HTTP/1.1\r\nHost: localhost:{gate.port}\r\nCookie: {cookies['indiener']}\r\n\r\n"
    assert converse(gate.port, head.encode()).answers[0].status == 400


@pytest.mark.parametrize(
    "hosts", [[], ["evil.test"], ["localhost:{port}", "localhost:{port}"], ["localhost:{port}", "evil.test"]]
)
def test_none_several_or_a_foreign_host_is_400(gate: GatewayFixture, hosts: list[str]) -> None:
    lines = "".join(f"Host: {host.format(port=gate.port)}\r\n" for host in hosts)
    assert converse(gate.port, f"GET /echo HTTP/1.1\r\n{lines}\r\n".encode()).answers[0].status == 400


def test_default_is_deny(gate: GatewayFixture, cookies: dict[str, str]) -> None:
    for cookie in (None, cookies["indiener"]):
        answer = ask(gate, "/no/rule/here", cookie)
        assert answer.status_code == 403
        assert answer.json()["rule"] is None
    post = httpx2.post(f"{gate.url}/", headers={"cookie": cookies["indiener"]}, trust_env=False)
    assert post.status_code == 403


def test_the_own_organisation_only(gate: GatewayFixture, cookies: dict[str, str]) -> None:
    own = ask(gate, "/organisaties/0456789034/meldingen/", cookies["indiener"])
    assert "Deze pagina bestaat niet" in own.text  # so says the register
    other = ask(gate, "/organisaties/0777000187/meldingen/", cookies["indiener"])
    assert other.status_code == 403
    missing = other.json()["missing"][0][0]
    assert (missing["kind"], missing["remedy"], missing["organisation"]) == (
        "organisation",
        "switch",
        "0777000187",
    )


@pytest.mark.parametrize("persona", ["zonder-recht", "verkeerde-context", "verlopen", "ovam"])
def test_right_and_context_and_organisation_must_all_match(
    gate: GatewayFixture, cookies: dict[str, str], persona: str
) -> None:
    assert ask(gate, "/", cookies[persona]).status_code == 403
    assert ask(gate, "/echo", cookies[persona]).status_code == 200


def test_a_denial_says_what_is_missing_and_who_grants_it(
    gate: GatewayFixture, cookies: dict[str, str]
) -> None:
    dutch = ask(gate, "/", cookies["zonder-recht"], **PAGE)
    assert dutch.status_code == 403
    assert "location" not in dutch.headers
    for words in ("OVAM Gebruiker", "Non-conformiteiten indiener", "lokale beheerder van uw organisatie", "Mijn Profiel", "1700", "+32 2 553 1700"):  # fmt: skip
        assert words in dutch.text, words
    english = ask(gate, "/", cookies["zonder-recht"], **PAGE, **{"accept-language": "en"})
    assert "your local administrator" in english.text
    assert '<html lang="en">' in english.text
    problem = ask(gate, "/", cookies["zonder-recht"]).json()
    missing = problem["missing"][0][0]
    assert missing["right"] == "OVAMGebruiker"
    assert missing["context"] == "NonConformiteitenIndiener"
    assert missing["organisation"] == "0456789034"
    assert missing["remedy"] == "grant"
    assert problem["support"]["phone_abroad"] == "+32 2 553 1700"


def test_a_tossed_session_cookie_is_no_session(gate: GatewayFixture, cookies: dict[str, str]) -> None:
    name, _, value = cookies["indiener"].partition("=")
    assert ask(gate, "/echo", f"{name}=x; {name}={value}").status_code == 401
    assert ask(gate, "/echo", f"{name}={'A' * 43}").status_code == 401
    assert ask(gate, "/echo", f"{name}={value[:-1]}").status_code == 401


def test_events_arrive_as_they_are_sent(gate: GatewayFixture, cookies: dict[str, str]) -> None:
    head = f"GET /echo/stream?events=2&interval=30 HTTP/1.1\r\nHost: localhost:{gate.port}\r\nCookie: {cookies['indiener']}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gate.port), timeout=60) as sock:
        sock.sendall(head.encode())
        seen = b""
        while b"data: 0" not in seen:
            part = sock.recv(65536)
            assert part, "the stream ended before its first event"
            seen += part
    assert b"data: 1" not in seen
