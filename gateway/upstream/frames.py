"""Follows the frames of one direction of a WebSocket by their headers alone (RFC 6455 section 5.2)."""

from __future__ import annotations

import os
from typing import Final

GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
TOO_BIG: Final = 1009

_CONTINUATION: Final = 0x0
_CLOSE: Final = 0x8
_DATA: Final = frozenset((0x1, 0x2))
_CONTROL: Final = frozenset((_CLOSE, 0x9, 0xA))
_LARGEST_CONTROL: Final = 125
# The close codes that may be sent (section 7.4.1 and the IANA registry), below those that applications choose.
_CODES: Final = frozenset((1000, 1001, 1002, 1003, *range(1007, 1015)))
# What a fragment counts for at least, so that a message has an end also where its fragments are empty.
_LEAST_FRAGMENT: Final = 64


class FrameGuard:
    """The frames that one side sends. Payloads are counted and not looked at, except that of a Close.

    `masked`: whether this side must mask its frames, as clients do (section 5.1). `compressed`: whether
    permessage-deflate was agreed on (RFC 7692). `max_message` is in octets of payload, as they are on the wire.
    `left` is how much of a frame has still to come: 0 between frames. `closed`: a Close frame has passed, nothing
    may follow. `fault` is the close code for what this side sent wrong, else 0; what comes then is dropped.
    """

    __slots__ = (
        "_closing", "_compressed", "_held", "_in_message", "_masked", "_max_message", "_message", "closed",
        "fault", "left",
    )  # fmt: skip

    def __init__(self, *, masked: bool, compressed: bool, max_message: int) -> None:
        self._masked = masked
        self._compressed = compressed
        self._max_message = max_message
        self._held = b""
        self._in_message = False
        self._message = 0
        self._closing = False
        self.left = 0
        self.closed = False
        self.fault = 0

    def feed(self, data: bytes) -> bytes:
        """What of `data` may pass: whole headers and payloads. An incomplete header waits for its rest."""
        if self.closed or self.fault:
            return b""
        if self._held:
            data, self._held = self._held + data, b""
        at, end = 0, len(data)
        while True:
            if self.left:
                taken = min(self.left, end - at)
                self.left -= taken
                at += taken
            if self._closing and not self.left:
                self.closed = True
                return data[:at]
            if at == end:
                return data
            size = self._read_header(data, at, end - at)
            if not size or self.fault:
                if not self.fault:
                    self._held = data[at:]
                return data[:at]
            at += size

    def _read_header(self, data: bytes, at: int, there: int) -> int:
        """The size of the frame header at `at`; 0 where it is not complete. Sets `left`, or `fault`."""
        if there < 2:
            return 0
        first, second = data[at], data[at + 1]
        masked, length, size = second >> 7, second & 0x7F, 2
        self._check(first, masked, length)
        if self.fault:
            return 0
        if length > _LARGEST_CONTROL:
            size = 4 if length == 126 else 10
            if there < size:
                return 0
            least = 126 if length == 126 else 65_536
            length = int.from_bytes(data[at + 2 : at + size], "big")
            if length < least or length >> 63:
                self.fault = PROTOCOL_ERROR
                return 0
        if masked:
            size += 4
            if there < size:
                return 0
        if first & 0xF == _CLOSE:
            if there < size + length:
                return 0
            start = at + size
            payload = data[start : start + length]
            if not _is_close_payload(_unmasked(payload, data[start - 4 : start]) if masked else payload):
                self.fault = PROTOCOL_ERROR
                return 0
        self._count(first, length)
        return size

    def _check(self, first: int, masked: int, length: int) -> None:
        """What the first two octets already say."""
        opcode, final, reserved = first & 0xF, first >> 7, first & 0x70
        if opcode in _CONTROL:
            right = final and not reserved and length <= _LARGEST_CONTROL
        elif opcode in _DATA:
            right = not self._in_message and (not reserved or (reserved == 0x40 and self._compressed))
        else:
            right = opcode == _CONTINUATION and self._in_message and not reserved
        if not right or bool(masked) is not self._masked:
            self.fault = PROTOCOL_ERROR

    def _count(self, first: int, length: int) -> None:
        opcode, final = first & 0xF, first >> 7
        if opcode not in _CONTROL:
            if opcode == _CONTINUATION:
                self._message += max(length, _LEAST_FRAGMENT)
            else:
                self._message = length
            if self._message > self._max_message:
                self.fault = TOO_BIG
                return
            self._in_message = not final
        self._closing = opcode == _CLOSE
        self.left = length


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    return bytes(octet ^ mask[at & 3] for at, octet in enumerate(payload))


def _is_close_payload(payload: bytes) -> bool:
    """Nothing, or a code that may be sent and a reason in UTF-8 (sections 5.5.1 and 7.4)."""
    code = int.from_bytes(payload[:2], "big")
    if payload and not (len(payload) > 1 and (code in _CODES or 3000 <= code < 5000)):
        return False
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        return False
    return True


def close_frame(code: int, reason: str, *, masked: bool) -> bytes:
    """A Close frame (section 5.5.1); `reason` has at most 123 octets. Towards a server it is masked."""
    payload = code.to_bytes(2, "big") + reason.encode()
    if not masked:
        return bytes((0x88, len(payload))) + payload
    mask = os.urandom(4)
    return bytes((0x88, 0x80 | len(payload))) + mask + _unmasked(payload, mask)
