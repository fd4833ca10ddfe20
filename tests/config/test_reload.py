"""What goes live at a reload, and what waits for a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import ConfigError, load
from gateway.config.reload import checked_config, reload_config
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
