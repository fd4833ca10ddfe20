"""Attacks by bodies: downloads that nobody reads, uploads that trickle or that the register does not take."""

from __future__ import annotations

import asyncio

from benchmarks.attacks.aim import MANY, Aim, Attack, at_once, read_all, reset

_LARGE = 30_000_000


async def _unread(aim: Aim) -> None:
    async def client() -> None:
        with await aim.connect(receive=4_096) as sock:
            await asyncio.get_running_loop().sock_sendall(sock, aim.request(f"big?n={_LARGE}"))
            await asyncio.sleep(3_600)

    await at_once(128, client)


async def _abandoned(aim: Aim) -> None:
    loop = asyncio.get_running_loop()

    async def client() -> None:
        sock = await aim.connect()
        try:
            await loop.sock_sendall(sock, aim.request(f"big?n={_LARGE}"))
            await loop.sock_recv(sock, 65_536)
        finally:
            reset(sock)

    await at_once(20, client)


async def _trickled(aim: Aim) -> None:
    async def client() -> None:
        with await aim.connect() as sock:
            loop = asyncio.get_running_loop()
            head = aim.request("sink", "Content-Length: 100000", method="POST")
            await loop.sock_sendall(sock, head + b"x")
            while True:
                await asyncio.sleep(1)
                await loop.sock_sendall(sock, b"x")

    await at_once(400, client)


async def _not_taken(aim: Aim) -> None:
    async def client() -> None:
        with await aim.connect() as sock:
            loop = asyncio.get_running_loop()
            head = aim.request("stuck", f"Content-Length: {_LARGE}", method="POST")
            await loop.sock_sendall(sock, head)
            for _ in range(0, _LARGE, 100_000):
                await loop.sock_sendall(sock, b"x" * 100_000)
            await read_all(sock)

    await at_once(50, client)


ATTACKS = (
    Attack("unread", "128 clients of one address that read nothing of 30 MB each", _unread),
    Attack("unread-many", "the same from 64 addresses", _unread, addresses=MANY),
    Attack("abandoned", "20 clients that begin 30 MB and reset, over and over", _abandoned),
    Attack("trickled", "400 uploads of one byte a second", _trickled),
    Attack("not-taken", "50 uploads of 30 MB to a register that stops reading", _not_taken),
)
