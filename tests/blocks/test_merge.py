"""One block for one person or organisation, and what still keeps somebody out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.blocks.block_list import Block
from gateway.blocks.merge import with_block, without_block

FIRST = Block("b-1", "organisation", "0428315871", "fraud", "zoe", 100.0, 200.0)
ANNA = Block("b-2", "person", "anna-new", "stolen", "zoe", 100.0)


def test_a_first_block_is_new() -> None:
    merged = with_block((FIRST,), ANNA, ("anna-new", "anna-old"))
    assert (merged.blocks, merged.block, merged.how) == ((FIRST, ANNA), ANNA, "new")


@pytest.mark.parametrize(("until", "how", "ends"), [
    (150.0, "known", 200.0), (200.0, "known", 200.0), (300.0, "longer", 300.0), (None, "longer", None),
])  # fmt: skip
def test_a_second_block_only_makes_it_longer(until: float | None, how: str, ends: float | None) -> None:
    again = replace(FIRST, id="b-9", reason="phone", by="jan", added=110.0, until=until)
    merged = with_block((FIRST, ANNA), again, ())
    assert merged.how == how
    assert [each.id for each in merged.blocks] == ["b-1", "b-2"]
    assert merged.block.until == ends
    if how == "longer":
        assert (merged.block.reason, merged.block.by) == ("fraud; phone", "jan")


def test_what_has_expired_is_no_block() -> None:
    again = replace(FIRST, id="b-9", added=250.0, until=300.0)
    assert with_block((FIRST,), again, ()).how == "new"


def test_a_person_is_one_under_every_pseudonym() -> None:
    old = replace(ANNA, value="anna-old", until=200.0)
    merged = with_block((old,), replace(ANNA, id="b-9"), ("anna-new", "anna-old"))
    assert (merged.how, merged.block.id, merged.block.value) == ("longer", "b-2", "anna-new")


def test_what_still_keeps_them_out_is_found() -> None:
    people = [(("anna-new", "anna-old"), "0428315871"), (("bert",), "OVO000001")]
    old = Block("b-3", "person", "anna-old", "r", "zoe", 1.0)
    ended = replace(old, id="b-4", until=50.0)
    bert = Block("b-5", "person", "bert", "r", "zoe", 1.0)
    left = (FIRST, old, ended, bert)
    assert without_block(left, ANNA, people, 100.0) == [FIRST, old]
    assert without_block((old, ANNA, bert), FIRST, people, 100.0) == [old, ANNA]
    assert without_block((FIRST, old), ANNA, [], 100.0) == []
