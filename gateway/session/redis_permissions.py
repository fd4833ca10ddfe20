"""What the user of a Redis server must be allowed to do, and whether it is: every command once, on keys of no meaning."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway.session.redis_failures import permission_of

COMMON_KEY: Final = "{toegangspoort}:entries:/cards"
"""The one key that all environments on a server have in common: their cards, by which they find out that they share it."""

# By command: what follows the key of the proof. None: it takes no key.
_WITH_KEY: Final[tuple[tuple[str, tuple[str | int, ...]], ...]] = (
    ("hset", ("a", "b")), ("hget", ("a",)), ("hmget", ("a",)), ("hgetall", ()), ("hdel", ("a",)),
    ("zadd", (1, "a")), ("zscan", (0,)), ("zrangebyscore", (0, 1)), ("zrem", ("a",)),
    ("sadd", ("a",)), ("sinter", ()), ("srem", ("a",)),
    ("set", (1, "PX", 1000)), ("incrby", (1,)), ("get", ()), ("exists", ()), ("pexpire", (1000,)), ("pttl", ()), ("del", ()),
)  # fmt: skip
_WITHOUT_KEY: Final[tuple[tuple[str, tuple[str | int, ...]], ...]] = (
    ("ping", ()), ("time", ()), ("eval", ("return 1", 0)), ("script load", ("return 1",)),
    ("evalsha", ("e0e1f9fabfc9d4800c877a703b823ac0578ff8db", 0)),
)  # fmt: skip
COMMANDS: Final = (
    "select",
    "rename",
    *(name.replace(" ", "|") for name, _ in (*_WITHOUT_KEY, *_WITH_KEY)),
)
"""All that the gateway and its commands need, as an ACL names them."""


def grants(prefix: str) -> str:
    """The rules of an ACL for an environment whose keys begin with `prefix`."""
    return f"~{prefix}* ~{COMMON_KEY} -@all " + " ".join(f"+{name}" for name in COMMANDS)


async def missing_permissions(redis: Redis, prefix: str) -> str:
    """The rules that the user's ACL lacks, "" for none. One question to the server; what it keeps lasts a second."""
    key = f"{prefix}proof:{secrets.token_hex(8)}"
    pipeline = redis.pipeline(transaction=False)
    for name, rest in _WITHOUT_KEY:
        pipeline.execute_command(*name.split(), *rest)
    for name, rest in _WITH_KEY:
        pipeline.execute_command(name, key, *rest)
    pipeline.execute_command("rename", key, f"{key}b")
    pipeline.execute_command("hgetall", COMMON_KEY)
    answers: Awaitable[list[Any]] = pipeline.execute(raise_on_error=False)
    lacking = [
        found
        for answer in await answers
        if isinstance(answer, ResponseError) and (found := permission_of(str(answer), prefix))
    ]
    return " ".join(dict.fromkeys(lacking))
