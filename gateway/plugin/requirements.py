"""Combines what is missing where two conditions must hold, or one of several.

An alternative is a set of missing things that together would be enough. Alternatives are kept minimal and few.
"""

from __future__ import annotations

from gateway.model import Alternatives, Missing

_MOST = 16
# Nothing that the person can do helps: there is no alternative.
NOTHING_HELPS: Alternatives = ()
# Nothing is missing: one alternative, which is empty.
NOTHING_MISSING: Alternatives = ((),)


def all_of(first: Alternatives, second: Alternatives) -> Alternatives:
    """What satisfies both: each alternative of the first together with each of the second."""
    return _minimal([(*a, *(missing for missing in b if missing not in a)) for a in first for b in second])


def any_of(*several: Alternatives) -> Alternatives:
    """What satisfies at least one of these."""
    return _minimal([alternative for each in several for alternative in each])


def _minimal(alternatives: list[tuple[Missing, ...]]) -> Alternatives:
    kept: list[tuple[Missing, ...]] = []
    for alternative in sorted(alternatives, key=len):
        if not any(all(missing in alternative for missing in smaller) for smaller in kept):
            kept.append(alternative)
        if len(kept) == _MOST:
            break
    return tuple(kept)
