"""In which order people are told the steps of a plan."""

from __future__ import annotations

import pytest

from gateway.model import Missing
from gateway.plan import Grant, LogIn, Plan, Switch, Wait, told_in_order

GRANT = Grant("A", None, None, Missing("right", "grant", right="A"))
ASKED, KNOWN = Switch(doelgroep="LB"), Switch("0456789034", known=True)


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ((), ()),
        ((GRANT, ASKED, Wait(1.0)), (ASKED, GRANT, Wait(1.0))),
        ((GRANT, KNOWN), (GRANT, KNOWN)),
        ((LogIn(), GRANT), (LogIn(), GRANT)),
    ],
)
def test_a_switch_that_may_be_possible_comes_first(plan: Plan, told: Plan) -> None:
    assert told_in_order(plan) == told
