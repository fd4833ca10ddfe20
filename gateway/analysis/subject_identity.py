"""A subject as a program describes it, or as the configuration keeps it, read as an identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import ValidationError

from gateway.analysis.person import Person
from gateway.model import Identity
from gateway.plugin import NamedRight

_FIELDS: Final = tuple(name for name in Person.model_fields if name not in ("acm", "subject", "kind"))
LOGGED_IN: Final = "authenticated_at"


def identity_of_subject(
    name: str,
    properties: Mapping[str, Any],
    *,
    kind: Literal["person", "machine"],
    claims: Sequence[str],
    rights: Mapping[str, NamedRight],
    issuer: str,
) -> Identity:
    """The identity with this id and these properties, of which those in `claims` are extra claims; others are ignored.

    Raises ValueError, with words that name the property.
    """
    values = {key: properties[key] for key in _FIELDS if key in properties}
    extra = {key: properties[key] for key in claims if key in properties}
    try:
        if extra:
            values["claims"] = {**values.get("claims", {}), **extra}
        person = Person.model_validate({**values, "subject": name, "kind": kind})
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except TypeError as problem:
        raise ValueError("claims: write an object") from problem
    identity = person.identity(rights, issuer)
    if LOGGED_IN in properties:
        return replace(identity, authenticated_at=moment_of(properties[LOGGED_IN], LOGGED_IN))
    return identity


def moment_of(value: Any, name: str) -> float:
    """The seconds since the epoch of a time with its offset (RFC 3339). Raises ValueError."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"{name}: write a time with its offset: 2026-01-31T12:00:00+01:00")
    try:
        return moment.timestamp()
    except OverflowError as problem:
        raise ValueError(f"{name}: no clock shows this time") from problem
