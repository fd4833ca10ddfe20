"""When there is maintenance, where, and for whom not."""

from __future__ import annotations

from math import inf

import pytest

from gateway.model import DecisionInput, Doubt, Identity, Organisation, Right
from gateway.plugin import NamedRight
from gateway.policy.maintenance import (
    MAINTENANCE,
    Maintenance,
    Once,
    OrderedMaintenance,
    snapshot,
    standing_in_the_way,
    with_one_more,
)
from gateway.policy.pattern import parse_pattern

TESTER = NamedRight("tester", "OVAMGebruiker", "Tester")
ORDERED = OrderedMaintenance("m-1", "an", 1.0, 10.0, 20.0, ("/a/**",), {"nl": "x"}, ("tester", "gone"))


def asked(path: str, identity: Identity | None = None, doubt: Doubt | None = None) -> DecisionInput:
    return DecisionInput("GET", "h", path, tuple(path[1:].split("/")), "", 15.0, identity, doubt=doubt)


def somebody(organisation: str) -> Identity:
    return Identity(
        "op", "t", organisation=Organisation(organisation), rights=(Right("OVAMGebruiker", "Tester", "1"),)
    )


def test_a_snapshot_holds_until_something_changes() -> None:
    several = [Maintenance("a", Once(10, 20)), Maintenance("b", Once(15)), Maintenance("c", Once(18, 30))]
    assert snapshot(several, 5).until == 10
    found = snapshot(several, 16)
    assert ([each.maintenance.id for each in found.current], found.until) == (["b", "a"], 18)
    assert snapshot([], 5).until == inf


def test_a_path_by_any_reading() -> None:
    current = snapshot([Maintenance("a", Once(0), (parse_pattern("/a/**"),))], 15).current
    assert standing_in_the_way(current, asked("/a/1")) is not None
    assert standing_in_the_way(current, asked("/b")) is None
    assert standing_in_the_way(current, asked("/b", doubt=Doubt((("a", "1"),)))) is not None


def test_an_exception_is_a_right_for_the_organisation_of_the_session() -> None:
    current = snapshot([Maintenance("a", Once(0), exceptions=(TESTER,))], 15).current
    assert standing_in_the_way(current, asked("/x", somebody("1"))) is None
    assert standing_in_the_way(current, asked("/x", somebody("2"))) is not None
    assert standing_in_the_way(current, asked("/x")) is not None
    # One maintenance without the exception keeps everybody out.
    both = (*current, *snapshot([Maintenance("b", Once(0))], 15).current)
    assert standing_in_the_way(both, asked("/x", somebody("1"))) is not None


def test_an_order_knows_its_rights_by_name() -> None:
    found = ORDERED.maintenance({"tester": TESTER}, folds=True)
    assert (found.exceptions, found.where, found.patterns[0].folds) == ((TESTER,), "/a/**", True)
    assert not ORDERED.over(19.0)
    assert ORDERED.over(20.0)


def test_a_path_that_cannot_fold_closes_what_it_says() -> None:
    found = OrderedMaintenance("m", "an", 1.0, 1.0, paths=("/categorie\u00ebn/**", "/A/**")).maintenance(
        {}, folds=True
    )
    assert [each.folds for each in found.patterns] == [False, True]
    current = snapshot([found], 2.0).current
    assert standing_in_the_way(current, asked("/categorie\u00ebn/x")) is not None
    assert standing_in_the_way(current, asked("/a/x")) is not None
    assert standing_in_the_way(current, asked("/x")) is None


def test_lists_of_orders() -> None:
    assert MAINTENANCE.parsed(MAINTENANCE.text([ORDERED], "ti"), "ti", "x") == (ORDERED,)
    for wrong in ('"streams": "maybe"', '"since": NaN', '"paths": ["a"]'):
        key = wrong.partition(":")[0].encode()
        lines = [
            line if not line.strip().startswith(key) else b"   " + wrong.encode() + b","
            for line in MAINTENANCE.text([OrderedMaintenance("m", "an", 1.0, 1.0)], "ti").splitlines()
        ]
        with pytest.raises(ValueError, match="not a file of maintenance"):
            MAINTENANCE.parsed(b"\n".join(lines), "ti", "x")
    assert len(with_one_more([ORDERED] * 150, OrderedMaintenance("m-2", "an", 1.0, 1.0), 30.0)) == 1


def test_what_began_with_its_order_holds_where_a_clock_is_behind() -> None:
    at_once = OrderedMaintenance("m", "an", 100.0, 100.0, 200.0)
    later = OrderedMaintenance("m", "an", 100.0, 101.0, 200.0)
    assert (at_once.at_once, later.at_once) == (True, False)
    for ordered, ids in ((at_once, ["m"]), (later, [])):
        made = ordered.maintenance({}, folds=False)
        assert [each.maintenance.id for each in snapshot([made], 40.0).current] == ids
        assert snapshot([made], 40.0).until == (200.0 if ids else 101.0)
        assert snapshot([made], 200.0).current == ()
