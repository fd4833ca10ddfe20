"""Rules that change in a running process: good ones go live, bad ones leave the others in force."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import Config, load
from gateway.config.reload import Reloaded, reload_config, watched_config
from gateway.events import Event, RulesChanged, RulesLoaded, RulesRefused
from gateway.reload import rules
from gateway.reload.rules import RulesReload
from tests.gateways import settings, write_config
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


def rule(claim: str) -> dict[str, Any]:
    return {
        "id": "r",
        "match": {"path": "/**"},
        "require": [{"claim": {"name": claim, "equals": "x"}}],
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    environment = settings(
        tmp_path,
        name="ti",
        gateway_url="http://localhost:1",
        acm_url="http://localhost:2",
        upstream_url="http://localhost:3",
    )
    return write_config(tmp_path, {"ti": environment}, rules=[rule("unit")])


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
async def reloading(path: Path, events: list[Event]) -> AsyncIterator[RulesReload]:
    found = RulesReload(load(path), "ti", clock=lambda: 0.0, on_event=events.append)
    await found.start()
    yield found
    await found.aclose()


def change(path: Path, make: Callable[[dict[str, Any]], None]) -> None:
    document = yaml.safe_load(path.read_text())
    make(document)
    path.write_text(yaml.safe_dump(document, sort_keys=False))


async def test_what_changed_goes_live_and_what_is_wrong_does_not(
    reloading: RulesReload, path: Path, events: list[Event]
) -> None:
    first = reloading.rules()
    assert events == [RulesLoaded(first.hash, 1, frozenset({"unit"}))]
    change(path, lambda document: document.update(rules=[rule("grade")]))
    await eventually(lambda: len(events) == 2)
    second = reloading.rules()
    assert events[1] == RulesChanged(first.hash, second.hash, 1, frozenset({"grade"}))
    change(path, lambda document: document.update(rules=[{"id": "r"}]))
    await eventually(lambda: len(events) == 3)
    assert isinstance(events[2], RulesRefused)
    assert events[2].rules == second.hash
    assert reloading.rules() is second
    assert "the file was refused at 1970-01-01T00:00:00.000Z: " in (await reloading.check()).detail


async def test_other_settings_wait_for_a_restart(
    reloading: RulesReload, path: Path, events: list[Event]
) -> None:
    change(path, lambda document: document["environments"]["ti"].update(listen="127.0.0.1:9"))
    await eventually(lambda: len(events) == 2)
    rules = reloading.rules()
    assert events[1] == RulesChanged(rules.hash, rules.hash, 1, frozenset({"unit"}), restart_needed=True)
    assert (await reloading.check()).detail.endswith("restart needed for: listen")


async def test_a_reload_can_be_asked_for(reloading: RulesReload, events: list[Event]) -> None:
    reloading.soon()
    await eventually(lambda: len(events) == 2)
    assert isinstance(events[1], RulesChanged)


async def test_no_file_and_no_plugin_ends_the_process_that_reloads(
    reloading: RulesReload, path: Path, events: list[Event]
) -> None:
    first, text = reloading.rules(), path.read_text()
    (path.parent / "mine").mkdir()
    plugin = path.parent / "mine/mine.py"
    plugin.write_text("import os; os._exit(0)\n")
    change(path, lambda document: document["plugins"].append("./mine"))
    await eventually(lambda: len(events) == 2)
    path.write_text(text + "x: " + "[" * 100_000)
    await eventually(lambda: len(events) == 3)
    why = [str(event.problems) for event in events[1:] if isinstance(event, RulesRefused)]
    for words, expected in zip(why, ("exit code 0", "nested deeper"), strict=True):
        assert expected in words
    assert reloading.rules() is first
    path.write_text(text)
    await eventually(lambda: len(events) == 4)
    assert isinstance(events[3], RulesChanged)


def written(folder: Path, file: str, name: str) -> None:
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(f"rules:\n  - {{id: {name}, match: {{path: /{name}}}, require: [anyone]}}\n")


def names(reloading: RulesReload) -> list[str]:
    return [rule.id for rule in reloading.rules().rules]


async def test_included_files_that_come_later_or_by_another_link_go_live(
    path: Path, tmp_path: Path, events: list[Event]
) -> None:
    for release in ("one", "two"):
        written(tmp_path, f"releases/{release}/x.yaml", release)
    (tmp_path / "current").symlink_to("releases/one")
    written(tmp_path, "rules/a/a.yaml", "a")
    includes = [{"include": "current/*.yaml"}, {"include": "rules/*/*"}]
    change(path, lambda document: document.update(rules=includes))
    reloading = RulesReload(load(path), "ti", clock=lambda: 0.0, on_event=events.append)
    await reloading.start()
    try:
        assert names(reloading) == ["one", "a"]
        written(tmp_path, "rules/b/b.rules", "b")
        await eventually(lambda: names(reloading) == ["one", "a", "b"])
        (tmp_path / "next").symlink_to("releases/two")
        (tmp_path / "next").rename(tmp_path / "current")
        await eventually(lambda: names(reloading) == ["two", "a", "b"])
        # What is refused because a file is not there is taken once it is.
        change(path, lambda document: document.update(rules=[*includes, {"include": "later/*.yaml"}]))
        await eventually(lambda: isinstance(events[-1], RulesRefused))
        assert names(reloading) == ["two", "a", "b"]
        written(tmp_path, "later/c.yaml", "c")
        await eventually(lambda: names(reloading) == ["two", "a", "b", "c"])
    finally:
        await reloading.aclose()


async def test_what_changed_between_reading_and_watching_is_read(path: Path, events: list[Event]) -> None:
    config = await asyncio.to_thread(watched_config, path, "ti")
    reloading = RulesReload(config, "ti", clock=lambda: 0.0, on_event=events.append)
    # Before it watches, a gateway opens its stores and asks the provider for its metadata.
    change(path, lambda document: document["rules"][0].update(id="changed"))
    await reloading.start()
    try:
        await eventually(lambda: names(reloading) == ["changed"])
    finally:
        await reloading.aclose()


async def test_a_file_that_is_included_anew_may_change_while_it_is_read(
    reloading: RulesReload, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []

    def read(current: Config, environment: str) -> Reloaded:
        found = reload_config(current, environment)
        reads.append(found.config.rules[environment].rules[0].id)
        if len(reads) == 1:
            written(tmp_path, "new/a.yaml", "last")
        return found

    written(tmp_path, "new/a.yaml", "first")
    monkeypatch.setattr(rules, "reload_config", read)
    change(path, lambda document: document.update(rules=[{"include": "new/*.yaml"}]))
    await eventually(lambda: names(reloading) == ["last"])
    assert reads == ["first", "last"]
