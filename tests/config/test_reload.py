"""What goes live at a reload, and what waits for a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import Config, ConfigError, load, reload
from gateway.config.reload import checked_config, reload_config, watched_config
from gateway.files.file_states import file_states
from tests.config.test_lock import environments
from tests.config.test_rules import rule
from tests.gateways import write_config


def test_rules_go_live_and_other_settings_wait(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    current = load(write_config(tmp_path, all_of, rules=[rule("a")]))
    all_of["ti"]["upstream"]["url"] = "http://localhost:9999"
    all_of["ti"]["rules"] = {"after": [rule("b")]}
    write_config(tmp_path, all_of, rules=[rule("a")])
    reloaded = reload_config(current, "ti")
    assert reloaded.restart == ("upstream.url",)
    assert [each.id for each in reloaded.config.rules["ti"].rules] == ["a", "b"]
    assert reloaded.config.environment("ti").upstream == current.environment("ti").upstream


def test_rules_that_fail_a_test_do_not_go_live(tmp_path: Path) -> None:
    path = write_config(tmp_path, environments(tmp_path), rules=[rule("a")])
    assert checked_config(path, "ti").rules
    path.write_text(f"{path.read_text()}tests:\n- {{request: GET /a, expect: deny}}\n")
    with pytest.raises(ConfigError, match="expected deny, but rule 'a' allows it"):
        checked_config(path, "ti")


def test_how_files_looked_is_from_before_they_were_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_config(tmp_path, environments(tmp_path), rules=[rule("a")])
    quiet = watched_config(path, "ti")
    assert quiet.seen is not None
    reads: list[Path] = []

    def change_after(path: Path, environment: str) -> Config:
        found = checked_config(path, environment)
        reads.append(path)
        path.write_text(path.read_text() + "# changed\n")
        return found

    monkeypatch.setattr(reload, "checked_config", change_after)
    found = watched_config(path, "ti", quiet.watched)
    assert len(reads) == 1
    assert found.seen == quiet.seen != file_states(found.seen, reload.READ_SUFFIXES)
