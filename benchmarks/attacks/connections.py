"""Attacks by connections: silent, idle, half a request, opened and reset."""

from __future__ import annotations

import asyncio

from benchmarks.attacks.aim import Aim, Attack, at_once, read_all, reset


async def _silent(aim: Aim) -> None:
    async def client() -> None:
        with await aim.connect() as sock:
            await read_all(sock)

    await at_once(2_000, client)


async def _idle(aim: Aim) -> None:
    async def client() -> None:
        with await aim.connect() as sock:
            await asyncio.get_running_loop().sock_sendall(sock, aim.request("ok"))
            await read_all(sock)

    await at_once(5_000, client)


async def _half_heads(aim: Aim) -> None:
    async def client() -> None:
        with await aim.connect() as sock:
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(sock, aim.request("ok")[:-2] + b"X-Slow: ")
            while True:
                await asyncio.sleep(1)
                await loop.sock_sendall(sock, b"a")

    await at_once(2_000, client)


async def _huge_heads(aim: Aim) -> None:
    line = b"X-Long: " + b"a" * 4_000 + b"\r\n"

    async def client() -> None:
        with await aim.connect() as sock:
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(sock, aim.request("ok")[:-2])
            for _ in range(256):
                await loop.sock_sendall(sock, line)

    await at_once(200, client)


async def _churn(aim: Aim) -> None:
    loop = asyncio.get_running_loop()

    async def client() -> None:
        for _ in range(100):
            sock = await aim.connect()
            try:
                await loop.sock_sendall(sock, aim.request("ok"))
            finally:
                reset(sock)

    await at_once(50, client)


ATTACKS = (
    Attack("silent", "2,000 connections that send nothing", _silent),
    Attack("idle", "5,000 connections that each ask once and stay", _idle),
    Attack("half-heads", "2,000 half requests that trickle on, one byte a second", _half_heads),
    Attack("huge-heads", "200 clients that each send heads of 1 MB", _huge_heads),
    Attack("churn", "50 clients that connect, ask and reset as fast as they can", _churn),
)
