"""People and circumstances of a change, described as briefly as possible."""

from __future__ import annotations

from dataclasses import replace

from gateway.analysis.change import Who
from gateway.analysis.equivalence import Cell, Dimension

CODES = Dimension("organisations", "", tuple(Cell(code, f"for {code}") for code in ("OVO1", "OVO2", "OVO3")))
AGES = Dimension("ages", "", (Cell(0.0, "recently"), Cell(60.0, "long ago")))


def test_only_restrictions_are_mentioned_and_the_shorter_side_of_them() -> None:
    who = Who(True, (CODES, AGES), (frozenset({0, 1}), frozenset({0, 1})))
    assert list(who.parts()) == [(CODES, (CODES.cells[2],), True)]
    assert list(replace(who, cube=(frozenset({0}), frozenset({1}))).parts()) == [
        (CODES, (CODES.cells[0],), False),
        (AGES, (AGES.cells[1],), False),
    ]


def test_equal_descriptions_have_equal_signatures() -> None:
    who = Who(True, (CODES,), (frozenset({0}),))
    assert (
        who.signature()
        == replace(who, dimensions=(CODES, AGES), cube=(frozenset({0}), frozenset({0, 1}))).signature()
    )
    assert who.signature() != replace(who, logged_in=False).signature()
