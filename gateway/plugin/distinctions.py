"""The values of facts at which a policy's verdict may change: what an exact comparison of rule sets needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Distinctions:
    """For each kind of fact the values that a policy distinguishes; all other values are the same to it.

    Texts are compared for equality. A TemplateRef is found without being listed here.
    """

    rights: tuple[tuple[str, str | None], ...] = ()
    """Pairs of right and context, held for the organisation that the session acts for."""

    organisations: tuple[str, ...] = ()
    doelgroepen: tuple[str, ...] = ()
    acrs: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    bindings: tuple[bool, ...] = ()
    """`(True,)` where it matters whether the session is bound to a key of the browser."""

    claims: tuple[tuple[str, Any], ...] = ()
    """Pairs of the name of an extra claim and a value."""

    clients: tuple[str, ...] = ()
    """Client addresses; the verdict is the same from each address up to the next."""

    moments: tuple[float, ...] = ()
    """Seconds since the epoch; the verdict is the same from each moment up to the next."""

    ages: tuple[float, ...] = ()
    """Seconds since the login; the verdict is the same from each age up to the next."""

    sources: tuple[tuple[str, Any], ...] = ()
    """Pairs of the name of a question and a possible answer, the most favourable answer first."""

    asks: bool = False
    """Whether a fact source decides, so that the answer cannot be known in a comparison."""


def combine(several: Iterable[Distinctions | None]) -> Distinctions | None:
    """The distinctions of several policies together; None where one of them cannot say."""
    known: list[Distinctions] = []
    for each in several:
        if each is None:
            return None
        known.append(each)
    values: dict[str, Any] = {}
    for field in fields(Distinctions):
        if field.name != "asks":
            # By repr, because 1 == True.
            found = {repr(value): value for each in known for value in getattr(each, field.name)}
            values[field.name] = tuple(found.values())
    return Distinctions(**values, asks=any(each.asks for each in known))
