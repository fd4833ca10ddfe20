"""The text of rules is kept when they go live, and trouble with it stops nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.config import load
from gateway.config.rule_archive import RuleArchive
from gateway.events import RulesChanged, RulesLoaded, SessionEnded
from gateway.observe.chain import ChainKey
from gateway.reload.rule_archiver import RuleArchiver
from tests.gateways import settings, write_config
from tests.keys import SEALING
from tests.waiting import eventually

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


async def test_a_full_disk_is_tried_again_with_the_text_of_that_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.reload.rule_archiver._AGAIN_AFTER", 0.05)
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020",
    )  # fmt: skip
    path = write_config(tmp_path, {"ti": environment})
    config = load(path)
    records, hash_ = tmp_path / "r", config.rules["ti"].hash
    (tmp_path / "r.rules").write_text("in the way, as a full disk is")
    keeper = RuleArchiver(records, "ti", config=lambda: config, keys=lambda: (SEALING,))
    keeper.on_event(RulesLoaded(hash_, 1, frozenset()))
    await eventually(lambda: keeper.trouble)
    path.write_text("changed since")
    (tmp_path / "r.rules").unlink()
    await eventually(lambda: not keeper.trouble)
    await keeper.aclose()
    key = ChainKey.of(SEALING, "ti")
    found = await asyncio.to_thread(RuleArchive.beside(records).read, hash_, "ti", path, (key,))
    assert found.rules["ti"].hash == hash_
