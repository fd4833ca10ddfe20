"""Attacks by pipelined requests."""

from __future__ import annotations

import asyncio

from benchmarks.attacks.aim import Aim, Attack, at_once, read_all

_MANY = 6_000


async def _read(aim: Aim) -> None:
    async def client() -> None:
        with await aim.connect() as sock:
            reading = asyncio.create_task(read_all(sock))
            try:
                await asyncio.get_running_loop().sock_sendall(sock, aim.request("ok") * _MANY)
                await reading
            finally:
                reading.cancel()

    await at_once(60, client)


async def _unread(aim: Aim, number: int, octets: bytes) -> None:
    async def client() -> None:
        with await aim.connect(receive=4_096) as sock:
            while True:
                await asyncio.get_running_loop().sock_sendall(sock, octets)

    await at_once(number, client)


async def _behind(aim: Aim) -> None:
    await _unread(aim, 60, aim.request("hang") + aim.request("ok") * _MANY)


async def _small(aim: Aim) -> None:
    await _unread(aim, 150, aim.request("ok") * 100)


async def _downloads(aim: Aim) -> None:
    await _unread(aim, 140, aim.request("big?n=30000") * 150)


ATTACKS = (
    Attack("pipelined", "60 connections with 6,000 pipelined requests each", _read),
    Attack("pipelined-behind", "the same, unread, behind a request that the register never answers", _behind),
    Attack("pipelined-unread", "150 clients that pipeline small requests and read nothing", _small),
    Attack(
        "pipelined-downloads", "140 clients that pipeline downloads of 30 kB and read nothing", _downloads
    ),
)
