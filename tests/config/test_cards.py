"""Environments in different files are compared by their cards: `environment_cards:` and `config validate --against`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from gateway.config import ConfigError, load
from gateway.config.card import card_of, signed_card
from gateway.config.cards import shared_with
from gateway.config.model import EnvironmentSettings
from tests.config.test_card import NOW, environment


@pytest.fixture
def ti(tmp_path: Path) -> EnvironmentSettings:
    return environment(tmp_path / "ti", "ti")


def with_cards(folder: Path, *places: str) -> Path:
    path = folder / "config.yaml"
    document = yaml.safe_load(path.read_text())
    document["environment_cards"] = list(places)
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def test_a_file_with_cards(tmp_path: Path, ti: EnvironmentSettings) -> None:
    cards = tmp_path / "prd" / "cards"
    environment(tmp_path / "prd", "prd")
    cards.mkdir()
    (cards / "ti.json").write_text(signed_card(card_of("ti", ti, NOW), ti))
    load(with_cards(tmp_path / "prd", "cards", "cards/ti.json"))
    environment(tmp_path / "prd", "prd", provider={"client_id": "gateway-under-test-ti"})
    path = with_cards(tmp_path / "prd", "cards")
    with pytest.raises(ConfigError) as refused:
        load(path)
    (problem,) = refused.value.problems
    assert problem.line > 1
    assert (
        "environments 'prd' and 'ti' share: client gateway-under-test-ti; each needs its own"
        in problem.message
    )
    assert "2026-11-18" in problem.message


def test_cards_that_cannot_be_read(tmp_path: Path, ti: EnvironmentSettings) -> None:
    prd = {"prd": environment(tmp_path / "prd", "prd")}
    card = tmp_path / "ti.json"
    data = json.loads(signed_card(card_of("ti", ti, NOW), ti))
    data["card"]["clients"] = []
    card.write_text(json.dumps(data))
    (tmp_path / "empty").mkdir()
    found = list(shared_with(prd, [card, tmp_path / "none.json", tmp_path / "empty"]))
    assert "changed after it was signed" in found[0]
    assert "cannot read" in found[1]
    assert "no card in" in found[2]


def test_a_card_of_the_same_environment_is_no_conflict(tmp_path: Path, ti: EnvironmentSettings) -> None:
    (tmp_path / "ti.json").write_text(signed_card(card_of("ti", ti, NOW), ti))
    assert list(shared_with({"ti": ti}, [tmp_path])) == []
