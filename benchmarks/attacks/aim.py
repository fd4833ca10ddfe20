"""What an attack is aimed at, and the connections that attacks are made of."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

ATTACKER, MANY = ("127.0.0.1",), tuple(f"127.0.1.{number}" for number in range(1, 65))
"""The addresses that an attack comes from; the bystander has another."""
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Aim:
    """A server on this machine under attack, until its task is cancelled."""

    port: int
    addresses: tuple[str, ...] = ATTACKER
    _turns: Iterator[int] = field(default_factory=itertools.count)

    def request(self, path: str, *lines: str, method: str = "GET") -> bytes:
        """The octets of a request without a body, or of the head of one with."""
        head = (f"{method} /public/{path} HTTP/1.1", f"Host: localhost:{self.port}", *lines)
        return "\r\n".join(head).encode() + b"\r\n\r\n"

    async def connect(self, *, receive: int | None = None) -> socket.socket:
        """A connection from the next address, with so small a receive buffer. Raises OSError."""
        sock = socket.socket()
        sock.setblocking(False)
        if receive is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        sock.bind((self.addresses[next(self._turns) % len(self.addresses)], 0))
        try:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        except BaseException:
            sock.close()
            raise
        return sock


@dataclass(frozen=True)
class Attack:
    """One row of the table. `run` is one attack; it goes on until it is cancelled."""

    name: str
    words: str
    run: Callable[[Aim], Awaitable[None]]
    addresses: tuple[str, ...] = ATTACKER
    targets: tuple[str, ...] | None = None
    """The targets for which this is an attack; None for all."""


async def at_once(number: int, client: Callable[[], Awaitable[None]]) -> None:
    """So many clients beside one another. Each begins anew when it is done, or has lost its connection."""

    async def one() -> None:
        while True:
            with contextlib.suppress(OSError):
                await client()
            await asyncio.sleep(0.1)

    async with asyncio.TaskGroup() as group:
        for _ in range(number):
            group.create_task(one())


async def read_all(sock: socket.socket) -> None:
    """Read and throw away until the server closes."""
    while await asyncio.get_running_loop().sock_recv(sock, 65_536):
        pass


def reset(sock: socket.socket) -> None:
    """Close with a reset."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    sock.close()
