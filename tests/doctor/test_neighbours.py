"""The doctor compares the environment with the cards of others that are on the machine."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from gateway.config import load
from gateway.config.card import card_of, signed_card
from gateway.doctor.neighbours import neighbours
from tests.config.test_card import environment


def test_cards_on_the_machine(tmp_path: Path) -> None:
    ti = environment(tmp_path / "ti", "ti", upstream={"url": "http://backend-prd.example.be"})
    environment(tmp_path / "prd", "prd")
    config = load(tmp_path / "prd" / "config.yaml")
    assert asyncio.run(neighbours(config, "prd")).status == "ok"
    folder = config.blocks_file("prd").parent
    folder.mkdir()
    (folder / "ti.card.json").write_text(signed_card(card_of("ti", ti, time.time()), ti))
    finding = asyncio.run(neighbours(config, "prd"))
    assert finding.status == "failed"
    assert "share: upstream backend-prd.example.be:80" in finding.says
