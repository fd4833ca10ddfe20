"""Attacks by way of the register: it is slow, floods, or breaks its answers."""

from __future__ import annotations

import asyncio
import itertools

from benchmarks.attacks.aim import MANY, Aim, Attack, at_once, read_all

_KINDS = ("cut", "endless-head", "huge-field", "interim", "bad-chunk", "too-long", "endless-trailer", "flood")


async def _slow(aim: Aim) -> None:
    async def client() -> None:
        with await aim.connect() as sock:
            await asyncio.get_running_loop().sock_sendall(sock, aim.request("hang"))
            await read_all(sock)

    await at_once(400, client)


async def _broken(aim: Aim) -> None:
    kinds = itertools.cycle(_KINDS)

    async def client() -> None:
        with await aim.connect() as sock:
            request = aim.request(next(kinds), "Connection: close")
            await asyncio.get_running_loop().sock_sendall(sock, request)
            async with asyncio.timeout(5):
                await read_all(sock)

    await at_once(16, client)


ATTACKS = (
    Attack("slow", "400 requests of one address that the register never answers", _slow),
    Attack("slow-many", "the same from 64 addresses", _slow, addresses=MANY),
    Attack("broken", "a register that cuts, floods or breaks its answers in eight ways", _broken),
)
