"""The opening handshake with the register: what it is asked, and which answers are an agreement."""

from __future__ import annotations

import pytest

from gateway.errors import (
    Forbidden,
    GatewayError,
    InternalFault,
    LoginRequired,
    StoreUnavailable,
    UpstreamBroken,
)
from gateway.model import Decision, WebSocketHandshake
from gateway.upstream.websocket import (
    check_handshake_response,
    close_code,
    handshake_lines,
    headers_of_switch,
    is_switch,
)
from tests.websockets import ACCEPT, KEY

ASKED = WebSocketHandshake(KEY.encode(), (b"a", b"b"), (b"permessage-deflate; client_max_window_bits",))
PLAIN = WebSocketHandshake(KEY.encode())
AGREED = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": ACCEPT}


def lines(**changes: str | None) -> list[tuple[bytes, bytes]]:
    found = {**AGREED, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return [(name.encode(), value.encode()) for name, value in found.items() if value is not None]


def test_the_register_is_asked_what_the_client_asked() -> None:
    assert handshake_lines(ASKED, compression=True) == [
        (b"connection", b"Upgrade"),
        (b"upgrade", b"websocket"),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-key", KEY.encode()),
        (b"sec-websocket-protocol", b"a, b"),
        (b"sec-websocket-extensions", b"permessage-deflate; client_max_window_bits"),
    ]
    for lines in (handshake_lines(ASKED, compression=False), handshake_lines(PLAIN, compression=True)):
        assert b"sec-websocket-extensions" not in dict(lines)


@pytest.mark.parametrize(
    ("answer", "compressed"),
    [
        (lines(), False),
        (lines(upgrade="WebSocket", connection="keep-alive, upgrade"), False),
        (lines(sec_websocket_protocol="b"), False),
        (lines(sec_websocket_extensions="permessage-deflate"), True),
        (lines(sec_websocket_extensions="permessage-deflate; server_no_context_takeover"), True),
        (lines(sec_websocket_extensions=""), False),
    ],
)
def test_an_agreement(answer: list[tuple[bytes, bytes]], compressed: bool) -> None:
    assert check_handshake_response(answer, ASKED, compression=True) is compressed


@pytest.mark.parametrize(
    "answer",
    [
        lines(upgrade=None),
        lines(upgrade="h2c"),
        lines(upgrade="websocket, h2c"),
        lines(connection=None),
        lines(connection="close"),
        lines(connection="Upgrade, Sec-WebSocket-Accept"),
        lines(sec_websocket_accept=None),
        lines(sec_websocket_accept=ACCEPT.lower()),
        [*lines(), (b"sec-websocket-accept", ACCEPT.encode())],
        lines(sec_websocket_protocol="c"),
        lines(sec_websocket_protocol="a, b"),
        [*lines(sec_websocket_protocol="a"), (b"sec-websocket-protocol", b"b")],
        lines(sec_websocket_extensions="foo"),
        lines(sec_websocket_extensions="permessage-deflate, permessage-deflate"),
        lines(sec_websocket_extensions="permessage-deflate-frame"),
    ],
)
def test_what_is_no_agreement_is_a_broken_answer(answer: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(UpstreamBroken):
        check_handshake_response(answer, ASKED, compression=True)


def test_nothing_is_agreed_to_that_was_not_asked_for() -> None:
    for answer in (lines(sec_websocket_protocol="a"), lines(sec_websocket_extensions="permessage-deflate")):
        with pytest.raises(UpstreamBroken):
            check_handshake_response(answer, PLAIN, compression=True)
    with pytest.raises(UpstreamBroken):
        check_handshake_response(
            lines(sec_websocket_extensions="permessage-deflate"), ASKED, compression=False
        )


def test_a_refusal_is_an_answer_and_another_success_is_not() -> None:
    assert is_switch(101)
    assert not any(map(is_switch, (301, 401, 403, 404, 426, 503)))
    for status in (200, 204):
        with pytest.raises(UpstreamBroken):
            is_switch(status)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LoginRequired(), 4401),
        (Forbidden(Decision(False, "r", "no")), 4403),
        (StoreUnavailable(), 1013),
        (InternalFault(), 1011),
    ],
)
def test_what_ended_it_has_a_code(error: GatewayError, code: int) -> None:
    assert close_code(error) == code


def test_the_client_is_answered_without_a_body() -> None:
    headers = [(b"content-length", b"0"), (b"set-cookie", b"a=b"), (b"sec-websocket-protocol", b"a")]
    assert headers_of_switch(headers) == [
        (b"upgrade", b"websocket"), (b"connection", b"Upgrade"), *headers[1:],
    ]  # fmt: skip
