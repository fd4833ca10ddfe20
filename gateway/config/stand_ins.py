"""A document whose faulty keys are replaced, so that the checks of the whole file can still be made of the rest."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final
from zlib import crc32

from pydantic import ValidationError

from gateway.config.messages import message_for, place_of
from gateway.config.model import Document
from gateway.config.positions import Place, Positions
from gateway.config.problems import Problem

_MOST_ROUNDS: Final = 20
# After this many rounds a stand-in has not helped, and its place is emptied.
_PATIENCE: Final = 3
_KEY: Final = "env:STAND_IN_{}"
_CLIENT: Final = {"method": "private_key_jwt", "key": _KEY}
_PROVIDER: Final = {
    "issuer": "https://issuer-{}.invalid",
    "client_id": "stand-in-{}",
    "client_auth": _CLIENT,
    "scopes": ["openid"],
}
_SESSION: Final = {"store": "memory:", "key": _KEY}
# By the name of a key that must be there: something valid that no other place has.
_STAND_INS: Final[Mapping[str, Any]] = {
    "version": 1,
    "public_url": "https://public-{}.invalid",
    "provider": _PROVIDER,
    **_PROVIDER,
    "upstream": {"url": "https://upstream-{}.invalid"},
    "url": "https://upstream-{}.invalid",
    "session": _SESSION,
    **_SESSION,
    "assertion": {"key": _KEY},
}
# In place of an item with faults: it stays, so that others keep their number and names keep their meaning.
_ITEMS: Final[Mapping[str, Any]] = {
    "tests": {"request": "GET /", "expect": "deny"},
    "never": {"request": "ANY /stand-in"},
    "people": {"doelgroep": "EA"},
    "rights": {"right": "StandIn"},
}


def repaired_document(
    data: Any, fault: ValidationError, context: Mapping[str, Any], positions: Positions
) -> tuple[Document | None, list[Problem]]:
    """The document without its faults, and problems that came to light below others; None where too much is missing."""
    fixed = copy.deepcopy(data)
    later: list[Problem] = []
    mended: set[Place] = set()
    for number in range(_MOST_ROUNDS):
        for error in fault.errors():
            place = (*place_of(error["loc"], positions), *_missing(error))
            if number and not any(_follows(fixed, place, each) for each in mended):
                later.append(positions.problem(place, message_for(error, Document)))
            mended.add(place)
            _mend(fixed, place, number)
        try:
            return Document.model_validate(fixed, context=context), later
        except ValidationError as next_fault:
            fault = next_fault
    return None, later


def _follows(data: Any, place: Place, mended: Place) -> bool:
    """Whether a fault here may be caused by what was mended there: it is below it, or about what lost it as a part."""
    return place[: len(mended)] == mended or (place == mended[:-1] and _at(data, mended) is None)


def _missing(error: Mapping[str, Any]) -> Place:
    return (error["loc"][-1],) if error["type"] == "missing" else ()


def _mend(data: Any, place: Place, number: int) -> None:
    """Put a stand-in at this place, or remove the value; where neither helps, do so with what the value belongs to."""
    if len(place) >= 2 and place[0] in _ITEMS and number < _PATIENCE:
        data[place[0]][place[1]] = _ITEMS[str(place[0])]
        return
    while place:
        parent = _at(data, place[:-1])
        last = place[-1]
        if isinstance(parent, dict) and last in _STAND_INS and number < _PATIENCE:
            parent[last] = _filled(_STAND_INS[str(last)], str(crc32(repr((place, number)).encode())))
            return
        if isinstance(parent, dict) and last in parent:
            del parent[last]
            return
        place = place[:-1]


def _at(data: Any, place: Place) -> Any:
    for step in place:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _filled(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, name) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, name) for each in value]
    return value.replace("{}", name) if isinstance(value, str) else value
