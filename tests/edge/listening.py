"""A small application behind the listener's protocol, and clients that speak in octets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

from gateway.edge.protocol import protocol_class
from gateway.edge.refusals import Refusals
from gateway.edge.settings import EdgeSettings
from tests.running import Running, serving
from tests.upstream.raw_client import converse

PIECE = b"x" * 65_536


class Application:
    """Answers by path; remembers what was asked and how it ended."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.bodies: list[bytes] = []
        self.ended: list[str] = []
        self.at_work = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.asked.append(scope["raw_target"].decode("latin-1"))
        self.at_work += 1
        try:
            await getattr(self, scope["raw_path"].decode().strip("/").partition("/")[0])(scope, receive, send)
            self.ended.append("end")
        finally:
            self.at_work -= 1

    async def ok(self, scope: Any, receive: Any, send: Any) -> None:
        await answer(send, 200, b"ok")

    async def echo(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.ended.append("disconnect")
                return
            body += message["body"]
            if not message["more_body"]:
                break
        self.bodies.append(body)
        await answer(send, 200, body)

    async def headers(self, scope: Any, receive: Any, send: Any) -> None:
        lines = b"\n".join(name + b"=" + value for name, value in scope["headers"])
        await answer(send, 200, lines)

    async def hang(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.ended.append("disconnect")

    async def drip(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    if (await receive())["type"] == "http.disconnect":
                        return

    async def stuck(self, scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(1)

    async def slow(self, scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.7)
        await answer(send, 200, b"late")

    async def big(self, scope: Any, receive: Any, send: Any) -> None:
        size = int(scope["query_string"] or b"400")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(size):
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def whole(self, scope: Any, receive: Any, send: Any) -> None:
        await answer(send, 200, PIECE * 100)

    async def early(self, scope: Any, receive: Any, send: Any) -> None:
        await answer(send, 403, b"no")

    async def status(self, scope: Any, receive: Any, send: Any) -> None:
        status, _, length = scope["query_string"].partition(b",")
        await answer(send, int(status), b"never sent", length=int(length))

    async def cut(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    async def cut_large(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": PIECE * 200, "more_body": True})

    async def fault(self, scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("a fault of the application")

    async def hsts(self, scope: Any, receive: Any, send: Any) -> None:
        await answer(send, 200, b"ok", (b"strict-transport-security", b"max-age=1"))


async def answer(
    send: Any, status: int, body: bytes, *headers: tuple[bytes, bytes], length: int | None = None
) -> None:
    size = len(body) if length is None else length
    lines = [(b"content-length", b"%d" % size), *headers]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def listening(
    app: Any = None, *, public_url: str = "", on_refused: Any = lambda _reason: None, **edge: Any
) -> Iterator[tuple[Running, Any, Refusals]]:
    """An application behind the protocol, with these settings of the edge."""
    app = app or Application()
    refusals = Refusals(on_refused)
    settings = EdgeSettings.model_validate(edge)
    http = protocol_class(settings, public_url=public_url, refusals=refusals)
    with serving(app, http=http, proxy_headers=False) as running:
        yield running, app, refusals


def connect(port: int, *, read_buffer: int | None = None) -> socket.socket:
    sock = socket.socket()
    if read_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, read_buffer)
    sock.settimeout(30)
    sock.connect(("127.0.0.1", port))
    return sock


def get(path: str = "/ok", *lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    head = "".join(f"{line}\r\n" for line in ("Host: gw.test", *lines))
    return f"{method} {path} HTTP/{version}\r\n{head}\r\n".encode()


def everything(sock: socket.socket) -> bytes:
    """What comes until the peer closes."""
    raw = b""
    with contextlib.suppress(ConnectionResetError):
        while data := sock.recv(262_144):
            raw += data
    return raw


def exchange(gate: tuple[Running, Any, Refusals], *pieces: bytes, **more: Any) -> Any:
    return converse(gate[0].port, *pieces, **more)
