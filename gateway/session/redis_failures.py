"""What goes wrong with a Redis server, in words for operators: what to grant, correct or free."""

from __future__ import annotations

import re
from typing import Final

from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisUnreachable

from gateway.errors import StoreUnavailable
from gateway.outgoing.failure import failure_of

# `User gw has no permissions to run the 'hset' command`, and what Redis 7.0 says where a script runs it.
_COMMAND: Final = re.compile(r"'([\w|-]+)' command")
_SCRIPT_COMMAND: Final = "can't run this command"
# Redis 7.0: `access one of the keys used as arguments`; from 7.2 on: `access a key`, and `access the 'x' key` in a script.
_KEYS: Final = re.compile(r"permissions? to access .*\bkeys?\b")
_REFUSED: Final = {
    "NOAUTH": "it wants a password: set session.store_password",
    "MISCONF": "it takes no writes, because it cannot save to its own disk",
    "NOREPLICAS": "it takes no writes, because too few replicas follow it (min-replicas-to-write)",
}
_KINDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (OutOfMemoryError, "its memory is full (maxmemory): give it more"),
    (ReadOnlyError, "it is a replica, which takes no writes"),
    (BusyLoadingError, "it has started and is loading its data"),
    (MasterDownError, "it is a replica that has lost its master"),
    (MasterNotFoundError, "no sentinel knows a master of that name that answers"),
)


class StoreForbidden(StoreUnavailable):
    """The user of the server lacks a permission."""


def store_failure(problem: BaseException, address: str, prefix: str) -> StoreUnavailable:
    """The error for a call that failed. `prefix` is that of the environment's keys."""
    if isinstance(problem, ResponseError) and (lacking := permission_of(str(problem), prefix)):
        return forbidden(address, lacking)
    return StoreUnavailable(f"session store {address}: {_words(problem)}")


def forbidden(address: str, lacking: str) -> StoreForbidden:
    """The error for permissions that are lacking."""
    return StoreForbidden(
        f"session store {address}: its user must be granted {lacking} (ACL SETUSER, docs/fleet.md)"
    )


def permission_of(words: str, prefix: str) -> str:
    """What to grant, by the words of a refusal; "" where they are of something else."""
    named = _COMMAND.search(words)
    if "permission" in words and named is not None:
        return f"+{named[1]}"
    if _SCRIPT_COMMAND in words:
        return "a command that a script runs (`gateway doctor` names it)"
    if _KEYS.search(words):
        return f"~{prefix}* ~{{toegangspoort}}:entries:/cards"
    return ""


def _words(problem: BaseException) -> str:
    for kind, words in _KINDS:
        if isinstance(problem, kind) or isinstance(problem.__cause__, kind):
            return words
    text = str(problem)
    code = getattr(problem, "status_code", None) or text.partition(" ")[0]
    if code in _REFUSED:
        return _REFUSED[code]
    if isinstance(problem, AuthenticationError):
        return "it does not accept the user or the password: correct session.store_password, or the user in session.store"
    if isinstance(problem, ResponseError):
        return f"it refuses: {text[:120]}"
    found = failure_of(problem)
    if found.kind != "unknown":
        return found.words
    return "it broke off the connection" if isinstance(problem, RedisUnreachable) else type(problem).__name__
