"""The plan of docs/scaling.md: what a load takes, by what one request and one session cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

RATE: Final = 50_000
SESSIONS: Final = 1_000_000
BUSY: Final = 0.6
"""How much of a processor is planned for: beyond it, the 99th percentile leaves the median behind."""
_SHAPE: Final = "browser-sized request (16 headers)"
_LOOKED_UP: Final = 10
"""Requests of a session that find it in the worker's cache for each that does not, where browsers stay at one machine."""
_TOUCH_SECONDS: Final = 60
_RECHECK_SECONDS: Final = 900
_DAY: Final = 86_400

_COSTS: Final = {
    "session_memory": ("a session in `memory:`, with its place in the cache", "bytes"),
    "session_sqlite": ("a session in SQLite", "bytes"),
    "session_redis": ("a session in Redis", "bytes"),
    "session_cached": ("a session in the cache of a worker", "bytes"),
    "lookup_server": ("to look a session up: the Redis server", "µs"),
    "lookup_worker": ("to look a session up: the worker", "µs"),
    "touch_server": ("to note that a session is used: the Redis server", "µs"),
    "login": ("a login: the gateway", "µs"),
    "gateway_carries": ("a request that the gateway carries", "µs"),
    "nginx_plain": ("a request without a login: nginx", "µs"),
    "nginx_asks": ("a request with a subrequest: nginx", "µs"),
    "gateway_asks": ("a request with a subrequest: the gateway", "µs"),
    "nginx_keeps": ("a request with a permission that is kept: nginx", "µs"),
    "gateway_keeps": ("a request with a permission that is kept: the gateway", "µs"),
    "record": ("a decision record", "bytes"),
}


def costs(figures: Mapping[str, float], peers: Mapping[str, Any]) -> Iterator[str]:
    """The rows of what one session and one request cost."""
    carried = float(peers["results"][_SHAPE]["gateway, everything on"]["processor"])
    for name, (what, unit) in _COSTS.items():
        beside = (
            f" ([beside the peers](performance.md) {carried:,.0f} µs)" if name == "gateway_carries" else ""
        )
        yield f"| {what} | {figures[name]:,.0f} {unit}{beside} |"


def plan(figures: Mapping[str, float]) -> Iterator[str]:
    """The rows of what 50,000 requests a second and a million sessions take."""
    for what, name in (
        ("cores for the gateway, where it carries the requests", "gateway_carries"),
        ("or: cores for the gateway, where nginx asks about each", "gateway_asks"),
    ):
        yield f"| {what} | {RATE:,} × {figures[name]:,.0f} µs ÷ {BUSY} | {_cores(RATE * figures[name])} |"
    nginx = _cores(RATE * figures["nginx_asks"])
    yield f"| and cores for that nginx, without TLS | {RATE:,} × {figures['nginx_asks']:,.0f} µs ÷ {BUSY} | {nginx} |"
    memory = SESSIONS * figures["session_redis"] / 2**30
    yield f"| memory of Redis for sessions | {SESSIONS:,} × {figures['session_redis']:,.0f} bytes | {memory:.1f} GiB |"
    worst = RATE * figures["lookup_server"] / 1e6
    yield f"| of a core of Redis, if each request looks its session up | {RATE:,} × {figures['lookup_server']:,.0f} µs | {worst:.0%} |"
    kept = worst / _LOOKED_UP
    yield f"| the same, if one in {_LOOKED_UP} does (browsers stay at one machine) | ÷ {_LOOKED_UP} | {kept:.0%} |"
    touched = SESSIONS / _TOUCH_SECONDS * figures["touch_server"] / 1e6
    yield (
        f"| of a core of Redis, to note the use of all sessions, at most once a minute | {SESSIONS:,} ÷ {_TOUCH_SECONDS} s × "
        f"{figures['touch_server']:,.0f} µs | {touched:.0%} |"
    )
    yield f"| questions to ACM about sessions in use | {SESSIONS:,} ÷ {_RECHECK_SECONDS // 60} minutes | {SESSIONS / _RECHECK_SECONDS:,.0f} a second |"
    logins = SESSIONS / 3_600
    busy = _cores(logins * figures["login"])
    yield f"| logins, if all begin within an hour | {SESSIONS:,} ÷ 3,600 s × {figures['login'] / 1e3:,.1f} ms ÷ {BUSY} | {logins:,.0f} a second, {busy} cores |"
    daily = RATE * figures["record"] * _DAY / 2**40
    speed = RATE * figures["record"] / 2**20
    yield f"| decision records | {RATE:,} × {figures['record']:,.0f} bytes | {speed:,.0f} MiB a second, {daily:.1f} TiB a day |"


def _cores(microseconds: float) -> int:
    return math.ceil(microseconds / 1e6 / BUSY)
