"""What the processes of an environment say about their keys to one another, through the session store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

TOPIC: Final = "keys"
"""Under which they say it."""

LASTS_SECONDS: Final = 60.0
"""How long what a process said holds: one that died is waited for no longer."""


@dataclass(frozen=True, slots=True)
class Member:
    """One process. By purpose: the keys that it `accepts`, each with the moment since when, newest first; and the key
    that it `uses`, and since when. Keys by id, times in seconds since the epoch.
    """

    host: str
    pid: int
    accepts: Mapping[str, Mapping[str, float]]
    uses: Mapping[str, tuple[str, float]]


def read_members(said: Mapping[str, bytes], *, without: str = "") -> tuple[Member, ...]:
    """The processes, except the one with this name. What cannot be read as one is left out."""
    found = []
    for name, value in said.items():
        if name == without:
            continue
        try:
            data = json.loads(value)
            uses = {purpose: (str(key), float(since)) for purpose, (key, since) in data["uses"].items()}
            accepts = {
                purpose: {str(key): float(since) for key, since in keys.items()}
                for purpose, keys in data["accepts"].items()
            }
            found.append(Member(str(data["host"]), int(data["pid"]), accepts, uses))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            continue
    return tuple(found)
