"""The plan follows from what was measured, and the page shows both."""

from __future__ import annotations

import json

from benchmarks.scaling.__main__ import FIGURES, PAGE, PEERS, with_tables
from benchmarks.scaling.plan import RATE, SESSIONS, plan


def test_the_page_has_the_plan_that_follows_from_the_figures() -> None:
    found, peers = (json.loads(path.read_text("utf-8")) for path in (FIGURES, PEERS))
    text = PAGE.read_text("utf-8")
    assert with_tables(text, found, peers) == text
    assert all(figure >= 0 for figure in found["figures"].values())


def test_what_costs_twice_takes_twice() -> None:
    figures = json.loads(FIGURES.read_text("utf-8"))["figures"]
    once, twice = (
        next(row for row in plan({**figures, "session_redis": each}) if "memory of Redis" in row)
        for each in (2**30 / SESSIONS * 2, 2**30 / SESSIONS * 4)
    )
    assert (once[-11:], twice[-11:]) == ("| 2.0 GiB |", "| 4.0 GiB |")
    assert RATE == 50_000
