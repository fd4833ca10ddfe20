"""Lists of orders in the file of this machine, where the store is out of reach."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.cli.ordered import Ordered
from gateway.emergency.opening import OPENINGS
from tests.emergency.test_opening import ASKED


def test_the_file_of_a_gateway_is_used_and_none_is_made(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ChosenEnvironment.of(config, "ti")
    here = Ordered.at(place, OPENINGS, True)
    with pytest.raises(typer.Exit) as problem:
        here.change(lambda before: (*before, ASKED))
    assert problem.value.exit_code == 1
    assert "no gateway with this configuration has run here" in capsys.readouterr().err
    trouble: list[str] = []
    assert here.read(trouble)[0] == []
    assert len(trouble) == 1
    OPENINGS.change(place.config.orders_file("ti", "emergency"), "ti", lambda _: [])
    assert here.change(lambda before: (*before, ASKED)) is None
    trouble.clear()
    assert here.read(trouble)[0] == [(ASKED, "this machine")]
    assert trouble == []


def test_the_store_must_be_one_that_a_gateway_uses(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    everywhere = Ordered.at(ChosenEnvironment.of(config, "ti"), OPENINGS)
    with pytest.raises(typer.Exit) as problem:
        everywhere.change(lambda before: before)
    assert problem.value.exit_code == 1
    assert "NOTHING WAS CHANGED" in capsys.readouterr().err


def test_waiting_needs_the_store(config: Path) -> None:
    with pytest.raises(typer.Exit) as problem:
        Ordered.at(ChosenEnvironment.of(config, "ti"), OPENINGS, True, patience=1.0)
    assert problem.value.exit_code == 2
