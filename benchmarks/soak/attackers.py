"""Clients that mean harm, each kind from an address of its own. Nothing of what they get is looked at."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from benchmarks.soak.gateway import Target
from benchmarks.soak.ledger import Ledger
from benchmarks.soak.register import HOSTILE

Attack = Callable[[socket.socket], Awaitable[None]]
_ODD = (
    b"GET /public/ok HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /public/upload HTTP/1.1\r\nHost: HERE\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST /public/upload HTTP/1.1\r\nHost: HERE\r\nContent-Length: 5\r\n\r\nhello",
    b"GET /oauth2/callback?code=a&state=b HTTP/1.1\r\nHost: HERE\r\nCookie: tgp-ti-session=" + b"A" * 43 + b"\r\n\r\n",
    b"GET /public/../echo HTTP/1.1\r\nHost: HERE\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)  # fmt: skip
_LITTLE = (
    b"\x00",
    b"\n",
    b"\r\n",
    b" ",
    b":",
    b"\xff",
    b"",
    b"0",
    b"\r\n\r\n",
    b"chunked",
    b"99999999999999999999",
)


class Attackers:
    """`tried` counts attacks by kind."""

    def __init__(self, target: Target, ledger: Ledger) -> None:
        self.target = target
        self.ledger = ledger
        self.tried: Counter[str] = Counter()
        self._random = random.Random(1)
        self._loop = asyncio.get_running_loop()

    def all(self) -> list[Coroutine[Any, Any, None]]:
        """Every kind, again and again: (how many at once, seconds between two rounds)."""
        return [
            self._rounds(2, "silent", 200, 10.0, self._silent),
            self._rounds(3, "trickled head", 50, 15.0, self._trickled_head),
            self._rounds(4, "pipelined", 8, 10.0, self._pipelined),
            self._rounds(5, "stalled reader", 40, 15.0, self._stalled),
            self._rounds(6, "trickled body", 40, 15.0, self._trickled_body),
            self._rounds(7, "bearer token", 5, 0.5, self._bearer),
            self._rounds(8, "login flood", 5, 0.5, self._login),
            self._rounds(9, "odd octets", 5, 0.5, self._odd),
            self._rounds(10, "hostile answer", 3, 0.5, self._hostile),
            self._rounds(11, "left alone", 10, 5.0, self._left),
        ]

    async def _rounds(self, last: int, kind: str, at_once: int, seconds: float, attack: Attack) -> None:
        async def one() -> None:
            with (
                contextlib.suppress(OSError, TimeoutError),
                contextlib.closing(self._socket(last, kind)) as sock,
            ):
                await self._loop.sock_connect(sock, ("127.0.0.1", self.target.port))
                self.tried[kind] += 1
                async with asyncio.timeout(30):
                    await attack(sock)

        async def together() -> None:
            await asyncio.gather(*(one() for _ in range(at_once)))

        await self.ledger.every(seconds, together)

    def _socket(self, last: int, kind: str) -> socket.socket:
        sock = socket.socket()
        sock.setblocking(False)
        if kind == "stalled reader":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.bind((f"127.0.0.{last}", 0))
        return sock

    def _request(self, target: str, *lines: str, method: str = "GET") -> bytes:
        head = "\r\n".join((f"{method} {target} HTTP/1.1", f"Host: {self.target.host}", *lines))
        return f"{head}\r\n\r\n".encode()

    async def _send(self, sock: socket.socket, data: bytes) -> None:
        await self._loop.sock_sendall(sock, data)

    async def _answer(self, sock: socket.socket) -> None:
        await self._loop.sock_recv(sock, 65_536)

    async def _trickle(self, sock: socket.socket, octets: int) -> None:
        for _ in range(octets):
            await self._send(sock, b"a")
            await self.ledger.pause(1.0)

    async def _silent(self, _sock: socket.socket) -> None:
        await self.ledger.pause(12.0)

    async def _trickled_head(self, sock: socket.socket) -> None:
        await self._send(sock, self._request("/public/ok", "X-A: ")[:-4])
        await self._trickle(sock, 20)

    async def _pipelined(self, sock: socket.socket) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self._send(sock, self._request("/public/ok") * 6000)

    async def _stalled(self, sock: socket.socket) -> None:
        await self._send(sock, self._request("/public/download?100000000"))
        await self.ledger.pause(20.0)

    async def _trickled_body(self, sock: socket.socket) -> None:
        await self._send(sock, self._request("/public/upload", "Content-Length: 100000", method="POST"))
        await self._trickle(sock, 20)

    async def _bearer(self, sock: socket.socket) -> None:
        await self._send(sock, self._request("/api/x", f"Authorization: Bearer {secrets.token_hex(16)}"))
        await self._answer(sock)

    async def _login(self, sock: socket.socket) -> None:
        await self._send(sock, self._request("/oauth2/start?rd=/"))
        await self._answer(sock)

    async def _odd(self, sock: socket.socket) -> None:
        octets = b"".join(self._random.choices(_ODD, k=self._random.randint(1, 3)))
        octets = octets.replace(b"HERE", self.target.host.encode())
        for _ in range(self._random.randint(0, 4)):
            at = self._random.randint(0, len(octets))
            octets = octets[:at] + self._random.choice(_LITTLE) + octets[at + self._random.randint(0, 2) :]
        await self._send(sock, octets)
        async with asyncio.timeout(2):
            await self._answer(sock)

    async def _hostile(self, sock: socket.socket) -> None:
        method = self._random.choice(("GET", "GET", "HEAD"))
        await self._send(sock, self._request(f"/public/{self._random.choice(HOSTILE)}", method=method))
        async with asyncio.timeout(2):
            await self._answer(sock)

    async def _left(self, sock: socket.socket) -> None:
        """A register that reads nothing, or says nothing, and a client that leaves."""
        body = self._random.random() < 0.5
        if body:
            head = self._request("/public/silent", "Content-Length: 50000000", method="POST")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await self._send(sock, head + b"a" * 5_000_000)
        else:
            await self._send(sock, self._request("/public/silent"))
        await self.ledger.pause(2.0)
