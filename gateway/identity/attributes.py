"""The attributes of an identity that a header can carry: a text, a list of texts or nothing for each dotted path."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from gateway.codec import field_reader
from gateway.identity.settings import attribute
from gateway.model import Identity, Right

Value = str | tuple[str, ...] | None
Reader = Callable[[Identity], Value]


def acm_right(right: Right) -> str:
    """A right as ACM writes it: Right-Context:Organisation."""
    context = "" if right.context is None else f"-{right.context}"
    return f"{right.name}{context}:{right.organisation}"


def acm_rights(identity: Identity) -> tuple[str, ...]:
    """The rights of an identity as ACM writes them."""
    return tuple(acm_right(right) for right in identity.rights)


def attribute_reader(path: str) -> Reader:
    """The function that reads this path. Raises UnknownName, a ValueError that names the known paths."""
    claim = attribute(path).removeprefix("claims.")
    if claim != path:
        return lambda identity: _claim(identity.claims.get(claim))
    return acm_rights if path == "rights" else field_reader(path)


def _claim(value: Any) -> Value:
    if value is None:
        return None
    if isinstance(value, (list, tuple, set, frozenset)):
        elements = tuple(_scalar(element) for element in value if element is not None)
        return tuple(sorted(elements)) if isinstance(value, (set, frozenset)) else elements
    return _scalar(dict(value)) if hasattr(value, "items") else _scalar(value)


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
