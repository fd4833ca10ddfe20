"""Which requests open a WebSocket, and which are refused."""

from __future__ import annotations

import pytest

from gateway.errors import BadRequest, UpgradeRequired, WebSocketRefused
from gateway.model import WebSocketHandshake
from tests.edge.admitting import PREFIX, admission, admit, scope

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
LINES = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", KEY),
)
ORIGIN = ("Origin", "https://gw.test")


def changed(*lines: tuple[str, str], without: str = "") -> tuple[tuple[str, str], ...]:
    """The handshake with these lines instead of those of their names, or without one."""
    names = {name for name, _ in lines} | {without}
    return (*(line for line in LINES if line[0] not in names), *lines)


def test_a_handshake_is_read() -> None:
    found = admit(
        *LINES,
        ("Sec-WebSocket-Protocol", "chat, superchat"),
        ("sec-websocket-protocol", "v1"),
        ("Sec-WebSocket-Extensions", 'foo; x=y, permessage-deflate; client_max_window_bits="10"'),
        ("Sec-WebSocket-Extensions", "permessage-deflate"),
        ("Accept", "text/html"),
    )
    assert found.websocket == WebSocketHandshake(
        KEY.encode(),
        (b"chat", b"superchat", b"v1"),
        (b'permessage-deflate; client_max_window_bits="10"', b"permessage-deflate"),
    )
    assert not found.navigation
    assert not [name for name, _ in found.headers if name.startswith(b"sec-websocket")]


@pytest.mark.parametrize(
    "lines",
    [
        changed(("Connection", "keep-alive, UPGRADE"), ("Upgrade", "WebSocket")),
        changed(("Connection", "keep-alive"), ("Connection", "upgrade")),
        (*LINES, ("Content-Length", "0")),
    ],
)
def test_it_may_be_written_in_other_ways(lines: tuple[tuple[str, str], ...]) -> None:
    assert admit(*lines).websocket is not None


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (changed(("Upgrade", "websocket, h2c")), "upgrade"),
        ((*LINES, ("Upgrade", "websocket")), "upgrade"),
        (changed(without="Connection"), "websocket-connection"),
        (changed(("Connection", "close")), "websocket-connection"),
        (changed(without="Sec-WebSocket-Key"), "websocket-key"),
        (changed(("Sec-WebSocket-Key", "")), "websocket-key"),
        (changed(("Sec-WebSocket-Key", "c2hvcnQ=")), "websocket-key"),
        (changed(("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ")), "websocket-key"),
        (changed(("Sec-WebSocket-Key", f"{KEY}, {KEY}")), "websocket-key"),
        ((*LINES, ("Sec-WebSocket-Key", KEY)), "websocket-key"),
        ((*LINES, ("Sec-WebSocket-Version", "13")), "websocket-version"),
        ((*LINES, ("Content-Length", "3")), "websocket-body"),
        ((*LINES, ("Transfer-Encoding", "chunked")), "websocket-body"),
        ((*LINES, ("Sec-WebSocket-Protocol", "a, a")), "websocket-protocol"),
        ((*LINES, ("Sec-WebSocket-Protocol", "a b")), "websocket-protocol"),
        ((*LINES, ("Sec-WebSocket-Extensions", "permessage-deflate;")), "websocket-extensions"),
        ((*LINES, ("Sec-WebSocket-Extensions", "a; b=\x7f")), "websocket-extensions"),
    ],
)
def test_what_is_no_handshake_is_refused(lines: tuple[tuple[str, str], ...], reason: str) -> None:
    with pytest.raises(BadRequest) as refused:
        admit(*lines)
    assert refused.value.facts["reason"] == reason


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS"])
def test_only_get_opens_one(method: str) -> None:
    with pytest.raises(BadRequest) as refused:
        admit(*LINES, method=method)
    assert refused.value.facts["reason"] == "websocket-method"


@pytest.mark.parametrize("version", ["12", "8", "13, 8", "", None])
def test_another_version_is_answered_with_the_right_one(version: str | None) -> None:
    lines = changed(without="Sec-WebSocket-Version")
    with pytest.raises(UpgradeRequired):
        admit(*lines, *([("Sec-WebSocket-Version", version)] if version is not None else []))


@pytest.mark.parametrize("protocol", ["h2c", "TLS/1.2", "websocket/13", "foo, h2c", ""])
def test_other_protocols_are_ignored(protocol: str) -> None:
    found = admit(*changed(("Upgrade", protocol)), ("Accept", "text/html"))
    assert found.websocket is None
    assert found.navigation


def test_an_upgrade_counts_where_connection_names_it_and_in_http_1_1() -> None:
    assert admit(("Upgrade", "h2c")).websocket is None
    assert admit(("Upgrade", "h2c"), ("Connection", "Upgrade"), version="1.0").websocket is None
    with pytest.raises(BadRequest):
        admit(*LINES, version="1.0")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([ORIGIN], None),
        ([("Origin", "https://second.test")], None),
        ([("Origin", "https://app.example")], None),
        ([], None),
        ([("Cookie", "a=1")], None),
        ([("Cookie", f"{PREFIX}session=x")], "origin-missing"),
        ([ORIGIN, ("Cookie", f"{PREFIX}session=x")], None),
        ([("Origin", "http://gw.test")], "origin"),
        ([("Origin", "https://gw.test:8443")], "origin"),
        ([("Origin", "https://evil.test")], "origin"),
        ([("Origin", "https://gw.test.evil.test")], "origin"),
        ([("Origin", "null")], "origin"),
        ([("Origin", "")], "origin"),
    ],
)
def test_pages_of_other_sites_open_none(headers: list[tuple[str, str]], reason: str | None) -> None:
    door = admission(hosts=["second.test"], websocket_origins=["https://app.example"])
    request = door.admit(scope(("Host", "gw.test"), *LINES, *headers))
    if reason is None:
        door.check_origin(request)
        return
    with pytest.raises(WebSocketRefused) as refused:
        door.check_origin(request)
    assert refused.value.facts["reason"] == reason


@pytest.mark.parametrize(
    "origin",
    ["https://App.example", "https://app.example/", "app.example", "https://app.example:443", "*", "null"],
)
def test_an_origin_is_written_as_browsers_do(origin: str) -> None:
    with pytest.raises(ValueError, match="websocket_origins"):
        admission(websocket_origins=[origin])


@pytest.mark.parametrize(
    "name", ["Upgrade", "Connection", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"]
)
def test_no_client_lists_so_much(name: str) -> None:
    before = dict(LINES).get(name, "a")
    for count in (64, 65):
        lines = changed((name, before + "," * count))
        if count == 64:
            assert admit(*lines).websocket is not None
        else:
            with pytest.raises(BadRequest) as refused:
                admit(*lines)
            assert refused.value.facts["reason"] == "header-list"
