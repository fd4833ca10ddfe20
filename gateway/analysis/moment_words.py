"""Says which moments are meant: hours of each week where nothing names a day, and days with their hours where something does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import inf

from gateway.analysis.equivalence import Cell
from gateway.policy.moments import BRUSSELS

Span = tuple[float, float]


def in_words(chosen: Sequence[Cell], every: Sequence[Cell], most: int) -> str:
    """These cells of a dimension of moments. `every` are all of its cells, which follow one another; of days that are
    named, at most `most` groups are listed.
    """
    starts = [-inf, *(cell.value for cell in every[1:]), inf]
    several = set(chosen)
    spans = _joined([span for cell, span in zip(every, pairwise(starts), strict=True) if cell in several])
    if _is_any_week(starts[1], starts[-2]):
        return f"on {', '.join(_of_week(spans, _local(starts[1]) + timedelta(days=1)))}"
    groups = list(_of_days(spans))
    more = f" (and {len(groups) - most} more)" if len(groups) > most else ""
    return " or ".join(groups[:most]) + more


def _is_any_week(first: float, last: float) -> bool:
    """Whether all boundaries are those of one week with the days around it, which stands for every week."""
    begin = _local(first)
    full = timedelta(days=8) <= _local(last) - begin < timedelta(days=9)
    return full and (begin.weekday(), begin.hour, begin.minute) == (6, 0, 0)


def _joined(spans: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in spans:
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found


def _of_week(spans: Sequence[Span], monday: datetime) -> Iterator[str]:
    days = [monday + timedelta(days=number) for number in range(8)]
    hours = []
    for begin, end in pairwise(day.timestamp() for day in days):
        parts = [(max(start, begin), min(stop, end)) for start, stop in spans if start < end and stop > begin]
        hours.append(
            " and ".join(
                f"{_local(start):%H:%M}-{'24:00' if stop == end else format(_local(stop), '%H:%M')}"
                for start, stop in parts
            )
        )
    for first, last in _runs(hours):
        if hours[first]:
            named = f"{days[first]:%a}" + (f"-{days[last]:%a}" if last > first else "")
            yield f"{named} {hours[first]}"


def _runs(values: Sequence[str]) -> Iterator[tuple[int, int]]:
    """(first, last) of each row of equal values."""
    first = 0
    for number in range(1, len(values) + 1):
        if number == len(values) or values[number] != values[first]:
            yield first, number - 1
            first = number


def _of_days(spans: Sequence[Span]) -> Iterator[str]:
    for start, end in spans:
        if start == -inf:
            yield f"before {_day_and_time(end)}"
        elif end == inf:
            yield f"from {_day_and_time(start)} on"
        elif _local(start).date() == _local(end).date() and _local(start).time() < _local(end).time():
            yield f"from {_day_and_time(start)} to {_local(end):%H:%M}"
        else:
            yield f"from {_day_and_time(start)} to {_day_and_time(end)}"


def _day_and_time(moment: float) -> str:
    return f"{_local(moment):%a %Y-%m-%d %H:%M}"


def _local(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, BRUSSELS)
