"""Hours of each week, and days with their hours, as an operator reads them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.analysis.test_diff import difference, hours

WORKDAYS = {"mon-fri": "08:00-18:00"}
ALWAYS: dict[str, Any] = {"mon-sun": "00:00-24:00"}


@pytest.mark.parametrize(
    ("old", "new", "lost", "gained"),
    [
        (ALWAYS, WORKDAYS, ["not on Mon-Fri 08:00-18:00"], []),
        (WORKDAYS, ALWAYS, [], ["not on Mon-Fri 08:00-18:00"]),
        (WORKDAYS, {**WORKDAYS, "sat": "09:00-12:00"}, [], ["on Sat 09:00-12:00"]),
        (
            WORKDAYS,
            {"mon-thu": ["07:30-12:00", "13:00-18:30"], "fri": "08:00-12:00"},
            ["on Mon-Thu 12:00-13:00, Fri 12:00-18:00"],
            ["on Mon-Thu 07:30-08:00 and 18:00-18:30"],
        ),
        ({"sat-sun": "00:00-24:00"}, {"sat": "00:00-24:00"}, ["on Sun 00:00-24:00"], []),
        ({"sun-sun": "20:00-24:00", "mon": "00:00-06:00"}, {"mon": "00:00-06:00"}, ["on Sun 20:00-24:00"], []),
    ],
)  # fmt: skip
def test_hours_of_each_week(old: Any, new: Any, lost: list[str], gained: list[str]) -> None:
    lines = difference(hours(hours=old), hours(hours=new))
    assert [
        line.removeprefix("    - anyone, logged in or not, ") for line in lines if "    - " in line
    ] == lost
    assert [
        line.removeprefix("    + anyone, logged in or not, ") for line in lines if "    + " in line
    ] == gained


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            {"hours": WORKDAYS},
            {"hours": WORKDAYS, "closed": ["2026-12-25", "2027-01-01"]},
            "from Fri 2026-12-25 08:00 to 18:00 or from Fri 2027-01-01 08:00 to 18:00",
        ),
        ({"until": "2027-06-30"}, {"until": "2027-07-31"}, "from Thu 2027-07-01 00:00 to Sun 2027-08-01 00:00"),
        ({"hours": ALWAYS}, {"from": "2026-12-01"}, "not from Tue 2026-12-01 00:00 on"),
        ({"hours": ALWAYS}, {"until": "2026-12-01"}, "from Wed 2026-12-02 00:00 on"),
    ],
)  # fmt: skip
def test_days_with_their_hours(old: Any, new: Any, words: str) -> None:
    (line,) = (each for each in difference(hours(**old), hours(**new)) if each[4:6] in ("- ", "+ "))
    assert line[6:] == f"anyone, logged in or not, {words}"


def test_many_days_are_not_all_listed() -> None:
    closed = [f"2026-06-{day:02}" for day in range(1, 20, 2)]
    (line,) = (each for each in difference(hours(hours=ALWAYS), hours(closed=closed)) if "    - " in each)
    assert line.count(" or from ") == 3
    assert line.endswith("(and 6 more)")
