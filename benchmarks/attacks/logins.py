"""Attacks on what a login costs: only for targets that authenticate."""

from __future__ import annotations

import asyncio
import secrets

from benchmarks.attacks.aim import Aim, Attack, at_once

_AUTHENTICATING = ("envoy-oauth2", "gateway")


async def _ask(aim: Aim, *lines: str) -> None:
    loop = asyncio.get_running_loop()
    head = ("GET / HTTP/1.1", f"Host: localhost:{aim.port}", "Accept: text/html", *lines)
    with await aim.connect() as sock:
        for _ in range(50):
            await loop.sock_sendall(sock, "\r\n".join(head).encode() + b"\r\n\r\n")
            if not await loop.sock_recv(sock, 65_536):
                return


async def _logins(aim: Aim) -> None:
    await at_once(50, lambda: _ask(aim, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"))


async def _tokens(aim: Aim) -> None:
    await at_once(50, lambda: _ask(aim, f"Authorization: Bearer {secrets.token_urlsafe(400)}"))


ATTACKS = (
    Attack("logins", "50 clients that begin logins as fast as they can", _logins, targets=_AUTHENTICATING),
    Attack("tokens", "50 clients with random bearer tokens", _tokens, targets=_AUTHENTICATING),
)
