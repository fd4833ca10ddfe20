"""Which plans are shown beside others."""

from __future__ import annotations

import pytest

from gateway.model import Missing
from gateway.plan import Grant, LogIn, Plan, Switch, Wait
from gateway.policy.plan_order import minimal_plans, plan_covers

RIGHT = Missing("right", "grant")
HERE, THERE = Grant("R", None, "1", RIGHT), Grant("R", None, "2", RIGHT)


@pytest.mark.parametrize(
    ("plan", "other", "covered"),
    [
        ((HERE,), (THERE, Switch("2")), True),
        ((HERE, Wait(1.0)), (HERE,), False),
        ((LogIn(("a", "b")),), (HERE, LogIn(("a",))), True),
        ((LogIn(("a",)),), (HERE, LogIn(("b",))), False),
        ((Wait(2.0),), (HERE, Wait(1.0)), False),
        ((Wait(1.0),), (HERE, Wait(2.0)), True),
        ((Switch("1"),), (Switch("2", known=True),), False),
        ((Switch("1", known=True),), (Switch("2"),), True),
        ((Switch("1", known=True),), (Switch("2", known=True),), False),
        ((Switch(),), (Switch("2"),), True),
        ((Switch(None, "GID"),), (Switch("2"),), False),
    ],
)
def test_what_asks_more_is_covered(plan: Plan, other: Plan, covered: bool) -> None:
    assert plan_covers(plan, other) is covered


def test_few_and_easy_steps_come_first() -> None:
    easy, login, question = (Switch("1", known=True),), (LogIn(),), (Switch("2", "GID"),)
    assert minimal_plans([question, (HERE,), login, easy, (HERE, Wait(1.0))], 3) == (easy, login, (HERE,))
