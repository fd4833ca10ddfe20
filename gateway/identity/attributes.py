"""Decides what stands under a dotted path of an identity, as a text, a list of texts or nothing.

It knows nothing of headers and encodings.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from gateway.identity.settings import attribute
from gateway.model import Identity, Right

Value = str | tuple[str, ...] | None
Reader = Callable[[Identity], Value]


def spelled(right: Right) -> str:
    """A right as ACM spells it: Right-Context:Organisation."""
    context = "" if right.context is None else f"-{right.context}"
    return f"{right.name}{context}:{right.organisation}"


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def _claim(value: Any) -> Value:
    if value is None:
        return None
    if isinstance(value, (list, tuple, set, frozenset)):
        elements = tuple(_scalar(element) for element in value if element is not None)
        return tuple(sorted(elements)) if isinstance(value, (set, frozenset)) else elements
    return _scalar(dict(value)) if hasattr(value, "items") else _scalar(value)


_READERS: dict[str, Reader] = {
    "subject": lambda who: who.subject,
    "name": lambda who: who.name,
    "given_name": lambda who: who.given_name,
    "family_name": lambda who: who.family_name,
    "email": lambda who: who.email,
    "phone": lambda who: who.phone,
    "doelgroep": lambda who: who.doelgroep,
    "organisation.code": lambda who: who.organisation.code if who.organisation else None,
    "organisation.name": lambda who: who.organisation.name if who.organisation else None,
    "rights": lambda who: tuple(spelled(right) for right in who.rights),
    "acr": lambda who: who.acr,
    "kind": lambda who: who.kind,
}


def reader(path: str) -> Reader:
    """The function that reads this path; raises UnknownName, a ValueError that holds the known paths."""
    found = _READERS.get(attribute(path))
    if found is not None:
        return found
    name = path.removeprefix("claims.")
    return lambda who: _claim(who.claims.get(name))
