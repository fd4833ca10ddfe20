"""Whatever a client sends to the gateway's own paths, in cookies, forms, queries and headers, it gets no 5xx for it."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.auth.scripted_provider import CLIENT_ID, SECRET
from tests.fuzz.budget import budget
from tests.gateway_fixture import GatewayFixture, scripted_gateway, scripted_provider

OTHER_PATHS = ("/oauth2/refused", "/oauth2/nothing", "/api/0123456789/x", "/echo", "/")
COOKIES = ("session", "rounds", "logout", "flow-" + "0" * 20, "form", "form-" + "0" * 20, "odd", "")
FIELDS = (
    "state", "code", "error", "error_description", "iss", "rd", "form", "sid", "logout_token", "acr", "acr_values",
    "doelgroep", "organisation", "everywhere", "method", "target", "fragment", "login_hint", "token", "confirm",
)  # fmt: skip


def coded(value: Any) -> bytes:
    """As the gateway writes JSON into cookies and tokens."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


DEEP = base64.urlsafe_b64encode(b"[" * 2_000).rstrip(b"=")
# Stands for the state of a login that this browser began.
STATE = b"REAL-STATE"
ODD: tuple[bytes, ...] = (
    STATE,
    b"", b"=", b"\xff\xfe", b"\xc3\xa9", b"%00", b"%ff", b"%", b"%zz", b"\x00", b"\t", b"9" * 400, b"-1", b"1e999", b"NaN",
    b"1." + b"9" * 12 + b".ok", b"99.0.ok", b"1.999999999999.ok", b"1.0." + b"x" * 64, b"a" * 43, b"A" * 65, b".", b"..",
    b'"', b"\\", b"{}", b"[]", b"null", b"//evil.example", b"/\\evil", b"/a?b#c", b"https://evil.example/",
    b"http://localhost:1/x", b"/%2e%2e/", b"0" * 20, b"0" * 20 + b"." + b"A" * 200, DEEP, DEEP + b"." + DEEP + b".AAAA",
    coded({"state": "\ud800", "onward": "/"}), coded({"state": "x", "onward": "\ud800"}), coded({"state": 10**30}),
    coded([1]), coded("x"), coded({"alg": "RS256", "kid": "x"}) + b"." + coded({"exp": 10**400}) + b".AAAA",
    coded({"alg": ["none"], "crit": 1}) + b"." + coded({}) + b".", b"urn:x", b"EA", b"0123456789", b"OVO000001",
)  # fmt: skip
VALUES = st.one_of(st.sampled_from(ODD), st.binary(max_size=60))
HEADERS = (
    "Accept", "Accept-Language", "Authorization", "Content-Type", "Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode",
    "Sec-Fetch-Dest", "Sec-Fetch-User", "Sec-Purpose", "X-Requested-With", "X-Forwarded-For", "Forwarded", "If-None-Match",
    "Range", "Faces-Request", "Upgrade", "Connection", "Expect", "Cache-Control", "X-Http-Method-Override",
)  # fmt: skip
HEADER_VALUES = st.one_of(
    VALUES,
    st.sampled_from(ODD).map(lambda odd: b"Bearer " + odd),
    st.sampled_from(
        (
            b"text/html", b"application/json", b"nl;q=9, en;q=x", b"same-origin", b"cross-site", b"navigate", b"document",
            b"multipart/form-data", b"multipart/form-data; boundary=", b"multipart/form-data; boundary=x; charset=klingon",
            b"application/x-www-form-urlencoded; charset=klingon", b"application/x-www-form-urlencoded",
            b"multipart/form-data; boundary=x", b"null", b"prefetch", b"partial/ajax", b"websocket", b"bytes=0-",
            b"Basic \xff", b"for=_x;by=[", b"*/*;q=0." + b"9" * 300, b"http://[", b"http://localhost:99999999999999",
        )
    ),
)  # fmt: skip
BODIES = st.one_of(
    VALUES,
    st.builds(lambda name, value: name.encode() + b"=" + value, st.sampled_from(FIELDS), VALUES),
    st.builds(
        lambda name, value: (
            b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n--x--\r\n' % (name, value)
        ),
        st.one_of(st.sampled_from(FIELDS).map(str.encode), VALUES),
        VALUES,
    ),
    st.just(b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n--x--\r\n'),
    st.just(b"--x\r\n\r\n\r\n--x--\r\n"),
    st.just(b"&".join(b"a%d=" % number for number in range(60))),
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GatewayFixture, str]]:
    folder = tmp_path_factory.mktemp("own")
    (folder / "api.secret").write_text(SECRET)
    (folder / "api.secret").chmod(0o600)
    with (
        scripted_provider() as op,
        scripted_gateway(
            folder,
            provider=op,
            clock=op.clock,
            session_bar={},
            machines={
                "introspection": {
                    "client_id": CLIENT_ID,
                    "client_auth": {"method": "client_secret_basic", "secret": "file:api.secret"},
                    "audience": ["ncr-api"],
                },
                "issuers": [{"issuer": op.issuer, "audience": "https://ncr.test/api"}],
            },
        ) as found,
    ):
        browser = found.browser()
        browser.log_in()
        ticket = found.ticket(browser)
        assert ticket
        yield found, ticket


@pytest.fixture(scope="module")
def begun(running: tuple[GatewayFixture, str]) -> tuple[bytes, bytes]:
    """The state of a login that was begun, and its cookie."""
    browser = running[0].browser()
    answer = browser.go("/oauth2/start?rd=/echo")
    state = parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]
    ((name, value),) = [pair for pair in browser.cookies.items() if "flow-" in pair[0]]
    return state.encode(), f"{name}={value}".encode()


def clean(value: bytes) -> bytes:
    """What may stand in a header line at all; the rest of what is odd is up to tests/fuzz/test_requests.py."""
    return bytes(octet for octet in value if octet >= 0x20 and octet != 0x7F)


def query_of(fields: list[tuple[str, bytes]]) -> bytes:
    pairs = (name.encode() + b"=" + value for name, value in fields)
    return bytes(octet for octet in b"&".join(pairs) if 0x21 <= octet <= 0x7E and octet not in b'#"<>')


def status_of(port: int, request: bytes) -> tuple[int, bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        sock.sendall(request)
        answer = http.client.HTTPResponse(sock)
        answer.begin()
        return answer.status, answer.read() if answer.status >= 500 else b""


@budget(160)
@given(
    method=st.sampled_from(("GET", "GET", "POST", "POST", "HEAD", "PUT")),
    which=st.integers(0, 255),
    fields=st.lists(st.tuples(st.sampled_from(FIELDS), VALUES), max_size=3),
    cookies=st.lists(st.tuples(st.sampled_from(COOKIES), VALUES), max_size=3),
    with_ticket=st.booleans(),
    headers=st.lists(st.tuples(st.sampled_from(HEADERS), HEADER_VALUES), max_size=4),
    body=BODIES,
)
@example("GET", "/oauth2/logout/callback", [("state", b"x")], [("logout", DEEP)], False, [], b"")
@example(
    "GET", "/oauth2/logout/callback", [("state", b"x")], [("logout", coded({"state": "\ud800", "onward": ""}))],
    False, [], b"",
)  # fmt: skip
def test_no_client_gets_a_5xx_for_what_it_sends(
    running: tuple[GatewayFixture, str],
    begun: tuple[bytes, bytes],
    method: str,
    which: int | str,
    fields: list[tuple[str, bytes]],
    cookies: list[tuple[str, bytes]],
    with_ticket: bool,
    headers: list[tuple[str, bytes]],
    body: bytes,
) -> None:
    gateway, ticket = running
    paths = (*sorted(gateway.gateway.stages.pipeline.route.endpoints.paths), *OTHER_PATHS)
    path = which if isinstance(which, str) else paths[which % len(paths)]
    crumbs = [b"tgp-ti-" + name.encode() + b"=" + clean(value) for name, value in cookies]
    if with_ticket and path not in ("/oauth2/sign_out", "/oauth2/logout/local", "/oauth2/switch"):
        crumbs.append(b"tgp-ti-session=" + ticket.encode())
        crumbs.append(begun[1])
    query = query_of(fields).replace(STATE, begun[0])
    lines = [f"{method} {path}".encode() + (b"?" + query if query else b"") + b" HTTP/1.1"]
    lines.append(f"Host: localhost:{gateway.port}".encode())
    if crumbs:
        lines.append(b"Cookie: " + b"; ".join(crumbs))
    lines += [name.encode() + b": " + clean(value).strip() for name, value in dict(headers).items()]
    if method in ("POST", "PUT"):
        lines.append(b"Content-Length: %d" % len(body))
    request = b"\r\n".join(lines) + b"\r\n\r\n" + (body if method in ("POST", "PUT") else b"")
    status, content = status_of(gateway.port, request)
    assert status < 500, (request, content)
