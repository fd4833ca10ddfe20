"""A short hash of an environment's settings, by which machines find out whether they run with the same ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

from gateway.config.model import EnvironmentSettings

_DIGITS: Final = 13
# What may differ from machine to machine: where it listens, and where its own files are.
_OF_THE_MACHINE: Final = frozenset(("listen", "folder", "records", "file", "rules", "shadow"))


def fingerprint(settings: EnvironmentSettings) -> str:
    """13 hexadecimal digits. What a machine has of its own doesn't count, and neither do rules or the content of keys."""
    # Some fields hold what was made of their text, such as the pattern of a path.
    plain = json.dumps(_plain(settings.model_dump(warnings=False)), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(plain.encode("ascii")).hexdigest()[:_DIGITS]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items() if name not in _OF_THE_MACHINE}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(map(repr, value))
    if isinstance(value, PurePath):
        return value.name
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
