"""Openings of emergency rules, and the lists of them that operators change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from gateway.orders.order_list import OrderList, check_entry

_MOST_KEPT: Final = 100


@dataclass(frozen=True, slots=True)
class Opening:
    """Somebody asked to open an emergency rule for this many `seconds`; it is open once somebody else has confirmed that.

    Moments are in seconds since the epoch. `expires` is when it can no longer be confirmed. `asked_how` and `confirmed_how` say
    how it is known who that was: login, sudo, account or code. `closed_by` is empty where it ended by itself.
    """

    id: str
    rule: str
    reason: str
    seconds: float
    asked_by: str
    asked_how: str
    asked: float
    expires: float
    confirmed_by: str = ""
    confirmed_how: str = ""
    opened: float | None = None
    until: float | None = None
    closed: float | None = None
    closed_by: str = ""

    def state(self, now: float) -> Literal["pending", "expired", "open", "closed"]:
        """What it is at this moment (seconds since the epoch)."""
        if self.closed is not None or (self.until is not None and now >= self.until):
            return "closed"
        if self.opened is not None:
            return "open"
        return "pending" if now < self.expires else "expired"

    def confirmed(self, by: str, how: str, now: float) -> Opening:
        """The same, open from now on."""
        return replace(self, confirmed_by=by, confirmed_how=how, opened=now, until=now + self.seconds)


def with_one_more(openings: Sequence[Opening], opening: Opening, now: float) -> tuple[Opening, ...]:
    """These openings and one more; of those that are over, the earliest are forgotten where there are many."""
    over = [each for each in openings if each.state(now) in ("closed", "expired")]
    forgotten = {each.id for each in over[: max(0, len(over) - _MOST_KEPT)]}
    return (*(each for each in openings if each.id not in forgotten), opening)


def _opening(data: dict[str, Any]) -> Opening:
    found = Opening(**data)
    names = (found.asked_by, found.asked_how, found.confirmed_by, found.confirmed_how, found.closed_by)
    moments = (found.opened or 0, found.until or 0, found.closed or 0)
    check_entry(
        (found.id, found.rule, found.reason, *names),
        (found.seconds, found.asked, found.expires, *moments),
    )
    if (found.opened is None) != (found.until is None) or (
        found.opened is not None and not found.confirmed_by
    ):
        raise TypeError(f"opening {found.id!r} is open without somebody who confirmed it, or without an end")
    return found


OPENINGS: Final = OrderList("emergency", _opening)
