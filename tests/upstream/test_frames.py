"""Frames by their headers: what passes, what is a fault, wherever the octets are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.frames import PROTOCOL_ERROR, TOO_BIG, FrameGuard, close_frame
from tests.websockets import BINARY, CLOSE, PING, PONG, TEXT, close, frame, take_frame

MOST = 100_000


def guard(*, masked: bool = True, compressed: bool = False, most: int = MOST) -> FrameGuard:
    return FrameGuard(masked=masked, compressed=compressed, max_message=most)


def client(opcode: int, payload: bytes = b"", **options: object) -> bytes:
    return frame(opcode, payload, masked=True, **options)  # type: ignore[arg-type]


GOOD = [
    client(TEXT, b"a"),
    client(TEXT),
    client(BINARY, b"b" * 125),
    client(BINARY, b"b" * 126),
    client(BINARY, b"b" * 65_535),
    client(BINARY, b"b" * 65_536),
    client(PING, b"p" * 125),
    client(PONG),
    client(TEXT, b"a", final=False) + client(0, b"", final=False) + client(PING) + client(0, b"c"),
]


@given(st.lists(st.sampled_from(GOOD), max_size=6), st.lists(st.integers(0, 200_000), max_size=6))
def test_frames_pass_unchanged_wherever_they_are_cut(messages: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(messages)
    found, passed = guard(), b""
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    for first, last in pairwise(places):
        passed += found.feed(whole[first:last])
        assert whole.startswith(passed)
    assert passed == whole
    assert (found.left, found.fault, found.closed) == (0, 0, False)


FAULTS = {
    "unmasked": frame(TEXT, b"a"),
    "rsv1": client(TEXT, b"a", rsv=0x40),
    "rsv2": client(TEXT, b"a", rsv=0x20),
    "rsv3": client(TEXT, b"a", rsv=0x10),
    **{f"opcode {opcode}": client(opcode) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "long ping": client(PING, b"p" * 126),
    "ping in parts": client(PING, b"p", final=False),
    "nothing to continue": client(0, b"a"),
    "a message in a message": client(TEXT, b"a", final=False) + client(TEXT, b"b"),
    "top bit": b"\x82\xff\x80" + b"\0" * 11,
    "long form of 125": b"\x82\xfe\0\x7d" + b"\0" * 129,
    "longest form of 65535": b"\x82\xff" + (65_535).to_bytes(8, "big") + b"\0" * 4,
    "half a code": client(CLOSE, b"\x03"),
    **{f"code {code}": close(code, masked=True) for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000)},
    "reason not utf-8": client(CLOSE, b"\x03\xe8\xff"),
    "after a message": client(TEXT, b"a") + client(3),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_wrong_does_not_pass(name: str) -> None:
    sent = client(BINARY, b"before") + FAULTS[name] + client(TEXT, b"after")
    for size in (len(sent), 1):
        found = guard()
        passed = b"".join(found.feed(sent[at : at + size]) for at in range(0, len(sent), size))
        assert found.fault == PROTOCOL_ERROR
        assert sent.startswith(passed)
        assert len(passed) < len(sent) - len(client(TEXT, b"after"))
        assert found.left == 0


def test_a_server_does_not_mask() -> None:
    found = guard(masked=False)
    assert found.feed(frame(TEXT, b"a")) == frame(TEXT, b"a")
    assert found.feed(client(TEXT, b"a")) == b""
    assert found.fault == PROTOCOL_ERROR


def test_compressed_messages_pass_where_that_was_agreed_on() -> None:
    found = guard(compressed=True)
    parts = client(TEXT, b"a", final=False, rsv=0x40) + client(0, b"b")
    assert found.feed(parts) == parts
    for wrong in (client(PING, rsv=0x40), client(TEXT, final=False) + client(0, rsv=0x40)):
        found = guard(compressed=True)
        found.feed(wrong)
        assert found.fault == PROTOCOL_ERROR


@pytest.mark.parametrize(
    "sent",
    [
        client(BINARY, b"a" * 101),
        client(BINARY, b"a" * 60, final=False) + client(0, b"a" * 64),
        client(BINARY, final=False) + client(0, final=False) * 2,
    ],
)
def test_a_message_has_a_size(sent: bytes) -> None:
    found = guard(most=100)
    assert found.feed(client(BINARY, b"a" * 100)) != b""
    found.feed(sent)
    assert found.fault == TOO_BIG


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe9bye", b"\x0f\xa0" + b"x" * 123])
def test_nothing_passes_after_a_close(payload: bytes) -> None:
    sent = client(CLOSE, payload)
    found = guard()
    assert found.feed(sent[:-1] if payload else b"") == b""
    assert found.feed(sent[-1:] + client(TEXT, b"a") if payload else sent + client(TEXT, b"a")) == sent
    assert found.closed
    assert found.feed(client(TEXT, b"a")) == b""


@pytest.mark.parametrize("masked", [True, False])
def test_a_close_frame_is_one(masked: bool) -> None:
    taken = take_frame(close_frame(4401, "session-ended", masked=masked))
    assert taken is not None
    each, rest = taken
    assert (each.code, each.payload[2:], each.masked, rest) == (4401, b"session-ended", masked, b"")
    assert guard(masked=masked).feed(close_frame(4403, "x", masked=masked))
