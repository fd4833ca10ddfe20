"""Checks a Redis server as a session store: what its user may do, what it evicts or forgets, and its clock."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Final

from gateway.doctor.check_result import CheckResult
from gateway.errors import StoreUnavailable
from gateway.session.settings import SessionSettings

_MOST_AHEAD: Final = 5.0
_FULL: Final = 0.8
_OLDEST: Final = (6, 0)


async def shared_store(
    name: str, settings: SessionSettings, *, clock: Callable[[], float] = time.time
) -> AsyncIterator[CheckResult]:
    """The findings for the environment `name`; none where its store is no Redis server, or does not answer."""
    server = settings.shared("")
    if server is None:
        return
    # The library is needed only where there is such a server, and takes long to import.
    from gateway.session.redis import RedisStore  # noqa: PLC0415
    from gateway.session.redis_failures import StoreForbidden  # noqa: PLC0415
    from gateway.session.redis_permissions import grants  # noqa: PLC0415

    store = RedisStore(server, environment=name, clock=clock)
    try:
        await store.start()
        try:
            await store.prove()
        except StoreForbidden as problem:
            yield CheckResult("store", "failed", problem.detail, f"ACL SETUSER NAME {grants(store.prefix)}")
        before = clock()
        yield _clock((before + clock()) / 2 - await store.time())
        about = await store.info()
        if about is None:
            yield CheckResult(
                "store", "skipped", "memory and replicas are not looked at: its user may not run INFO"
            )
            return
        for finding in _about(about, sentinels="+sentinel" in server.url):
            yield finding
    except (StoreUnavailable, ValueError):
        return  # the check before this one says so
    finally:
        await store.aclose()


def _clock(ahead: float) -> CheckResult:
    if abs(ahead) <= _MOST_AHEAD:
        return CheckResult("store", "ok", "its clock and that of this machine agree")
    side = "ahead of" if ahead > 0 else "behind"
    words = f"the clock of this machine is {abs(ahead):.0f} s {side} its own"
    return CheckResult(
        "store", "warning", words, "synchronize both (NTP): sessions and orders end by these clocks"
    )


def _about(about: Mapping[str, Any], *, sentinels: bool) -> Iterator[CheckResult]:
    """What INFO says."""
    version = str(about.get("redis_version", "?"))
    numbers = tuple(int(each) for each in version.split(".")[:2] if each.isdigit())
    if numbers and numbers < _OLDEST:
        yield CheckResult("store", "failed", f"version {version} is too old", "use Redis 6 or newer")
    most, used = int(about.get("maxmemory", 0)), int(about.get("used_memory", 0))
    policy = str(about.get("maxmemory_policy", "noeviction"))
    if most and policy != "noeviction":
        yield CheckResult(
            "store",
            "warning",
            f"when its memory is full it removes sessions, blocks and claims on refresh tokens (maxmemory-policy {policy})",
            "CONFIG SET maxmemory-policy noeviction; a store of its own for the gateway, with room enough",
        )
    if most and used > _FULL * most:
        yield CheckResult(
            "store",
            "warning",
            f"{100 * used / most:.0f} % of its memory is used",
            "raise maxmemory: once it is full, nobody can log in",
        )
    if about.get("role") == "slave":
        do = "name the master, or its sentinels, in session.store"
        yield CheckResult("store", "warning", "it is a replica, so nobody can log in", do)
    elif sentinels and int(about.get("connected_slaves", 0)) == 0:
        yield CheckResult(
            "store", "warning", "no replica follows the master", "start one: there is nothing to fail over to"
        )
    if not int(about.get("aof_enabled", 0)):
        yield CheckResult(
            "store",
            "warning",
            "it forgets all sessions when it restarts (appendonly no)",
            "CONFIG SET appendonly yes, and the same in its configuration file",
        )
