"""Sums of what is missing: the ways that lead to access when two conditions must hold, or one of two.

A way is a set of missing things that together would be enough; ways are kept minimal and few.
"""

from __future__ import annotations

from gateway.model import Missing, Ways

_MOST = 16
# Nothing that a person can do helps: there is no way at all.
NO_WAY: Ways = ()
# Nothing is missing: the empty way.
OPEN: Ways = ((),)


def both(first: Ways, second: Ways) -> Ways:
    """The ways to satisfy both: each of the first joined with each of the second."""
    return _minimal([(*a, *(missing for missing in b if missing not in a)) for a in first for b in second])


def either(first: Ways, second: Ways) -> Ways:
    """The ways to satisfy one of the two."""
    return _minimal([*first, *second])


def _minimal(ways: list[tuple[Missing, ...]]) -> Ways:
    kept: list[tuple[Missing, ...]] = []
    for way in sorted(ways, key=len):
        if not any(all(missing in way for missing in smaller) for smaller in kept):
            kept.append(way)
        if len(kept) == _MOST:
            break
    return tuple(kept)
