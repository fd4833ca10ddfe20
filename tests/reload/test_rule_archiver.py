"""The text of rules is kept when they go live, and trouble with it stops nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import load
from gateway.events import RulesChanged, RulesLoaded, SessionEnded
from gateway.reload.rule_archiver import RuleArchiver
from tests.gateways import settings, write_config
from tests.keys import SEALING

pytestmark = pytest.mark.anyio


async def test_rules_are_kept_once_they_are_live(tmp_path: Path) -> None:
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020",
    )  # fmt: skip
    config = load(write_config(tmp_path, {"ti": environment}))
    for records, kept in ((tmp_path / "r", True), (None, False), (tmp_path / "config.yaml" / "r", False)):
        keeper = RuleArchiver(records, "ti", config=lambda: config, keys=lambda: (SEALING,))
        await keeper.start()
        keeper.on_event(SessionEnded("x"))
        keeper.on_event(RulesLoaded("a" * 64, 1, frozenset()))
        keeper.on_event(RulesChanged("a" * 64, "b" * 64, 1, frozenset()))
        await keeper.aclose()
        assert bool(keeper.trouble) == (records is not None and not kept)
    assert sorted(each.name[0] for each in (tmp_path / "r.rules").iterdir()) == ["a", "b"]
