"""The life of an opening, and what lists of them may contain."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gateway.emergency.opening import OPENINGS, Opening, with_one_more

ASKED = Opening("e-1", "nood", "brand", 60.0, "an", "login", 1_000.0, 1_900.0)


def test_it_waits_then_is_open_then_closed() -> None:
    assert (ASKED.state(1_899.0), ASKED.state(1_900.0)) == ("pending", "expired")
    opened = ASKED.confirmed("bob", "login", 1_100.0)
    assert (opened.state(1_100.0), opened.state(1_159.9), opened.state(1_160.0)) == ("open", "open", "closed")
    assert replace(opened, closed=1_110.0).state(1_120.0) == "closed"


def test_few_that_are_over_are_kept() -> None:
    many = tuple(replace(ASKED, id=f"e-{number}", closed=1.0) for number in range(150))
    waiting = replace(ASKED, id="waiting")
    kept = with_one_more((waiting, *many), replace(ASKED, id="new"), 1_000.0)
    assert len(kept) == 102
    assert {"waiting", "new", "e-149"} <= {each.id for each in kept}


@pytest.mark.parametrize(
    "changes",
    [
        {"opened": 1.0},
        {"opened": 1.0, "until": 2.0},
        {"until": float("nan")},
        {"reason": None},
        {"strange": 1},
    ],
)
def test_what_is_no_opening_is_refused(changes: dict[str, object]) -> None:
    whole = json.loads(OPENINGS.text([ASKED], "ti"))
    whole["emergency"][0] |= changes
    with pytest.raises(ValueError, match="not a file of emergency"):
        OPENINGS.parsed(json.dumps(whole).encode(), "ti", "x")
