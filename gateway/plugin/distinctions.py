"""Says between which facts a policy tells apart, as values: what comparing two rule sets exactly needs to know.

It knows nothing of policies and of what a comparison does with the values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Distinctions:
    """For each kind of fact the values that a policy names; every value that it does not name is the same to it.

    Texts are compared for equality; texts that depend on the path (templates) are found without being named here.
    `rights` are (right, context), held for the organisation that is acted for. `clients` are addresses and
    `moments` seconds since the epoch at which the verdict changes: from each one up to the next it stays the same.
    `ages` are seconds since the login at which it changes. `claims` and `sources` are (name, value). `asks` is set
    where somebody else decides: the values of `sources` are possible answers, the most favourable one first, but which one comes nobody knows here.
    """

    rights: tuple[tuple[str, str | None], ...] = ()
    organisations: tuple[str, ...] = ()
    doelgroepen: tuple[str, ...] = ()
    acrs: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    claims: tuple[tuple[str, Any], ...] = ()
    clients: tuple[str, ...] = ()
    moments: tuple[float, ...] = ()
    ages: tuple[float, ...] = ()
    sources: tuple[tuple[str, Any], ...] = ()
    asks: bool = False


def combine(several: Iterable[Distinctions | None]) -> Distinctions | None:
    """What several policies tell apart together; None where one of them cannot say."""
    known: list[Distinctions] = []
    for each in several:
        if each is None:
            return None
        known.append(each)
    values: dict[str, Any] = {}
    for field in fields(Distinctions):
        if field.name != "asks":
            # Values are the same where they are written alike: 1 is not true.
            found = {repr(value): value for samples in known for value in getattr(samples, field.name)}
            values[field.name] = tuple(found.values())
    return Distinctions(**values, asks=any(samples.asks for samples in known))
