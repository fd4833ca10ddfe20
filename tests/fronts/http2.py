"""A client of HTTP/2 that says what a library would not, and knows of answers that they ended."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator

_DATA, _HEADERS, _RESET, _SETTINGS, _GOAWAY = 0, 1, 3, 4, 7
_ACK = _END_STREAM = 1
_END_HEADERS = 4
# RFC 8441: a server says with it that it takes WebSockets.
ENABLE_CONNECT_PROTOCOL = 8


class Client:
    """One connection with one request."""

    def __init__(self, port: int) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        self.sock = context.wrap_socket(socket.create_connection(("127.0.0.1", port), 10.0))
        assert self.sock.selected_alpn_protocol() == "h2"
        self.settings: dict[int, int] = {}
        self.sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS))

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def ask(
        self, *lines: tuple[str, str], ends: bool = True, content: bytes | None = None, pieces: int = 1
    ) -> None:
        """Send these lines, pseudo-headers too, with so many frames of content, and wait until the answer or the connection
        ends, or nothing comes any more."""
        block = b"".join(b"\x00" + _text(name) + _text(value) for name, value in lines)
        flags = _END_HEADERS | (_END_STREAM if ends and content is None else 0)
        self.sock.sendall(_frame(_HEADERS, block, flags, stream=1))
        if content is not None:
            each = -(-len(content) // pieces)
            for number in range(pieces):
                piece = content[number * each : (number + 1) * each]
                flags = _END_STREAM if number == pieces - 1 else 0
                time.sleep(0.1)
                self.sock.sendall(_frame(_DATA, piece, flags, stream=1))
        with contextlib.suppress(OSError):
            for kind, flags, content in self._frames():
                if kind == _SETTINGS and not flags & _ACK:
                    pairs = (content[at : at + 6] for at in range(0, len(content), 6))
                    self.settings |= {
                        int.from_bytes(p[:2], "big"): int.from_bytes(p[2:], "big") for p in pairs
                    }
                    self.sock.sendall(_frame(_SETTINGS, flags=_ACK))
                elif kind in (_RESET, _GOAWAY) or (kind in (_DATA, _HEADERS) and flags & _END_STREAM):
                    return

    def _frames(self) -> Iterator[tuple[int, int, bytes]]:
        with self.sock.makefile("rb") as reader:
            while len(head := reader.read(9)) == 9:
                yield head[3], head[4], reader.read(int.from_bytes(head[:3], "big"))


def _frame(kind: int, content: bytes = b"", flags: int = 0, *, stream: int = 0) -> bytes:
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def _text(text: str) -> bytes:
    """A string of HPACK, as it is (RFC 7541 section 5.2)."""
    octets = text.encode("latin-1")
    if len(octets) < 127:
        return bytes([len(octets)]) + octets
    rest, length = len(octets) - 127, b"\x7f"
    while rest >= 128:
        length, rest = length + bytes([rest % 128 + 128]), rest // 128
    return length + bytes([rest]) + octets
