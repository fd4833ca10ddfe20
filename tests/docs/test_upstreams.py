"""The page about a second upstream shows a configuration that loads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import load
from gateway.config.lint import findings
from gateway.config.reload import checked_config
from tests.config.test_lock import environments
from tests.gateways import write_config

PAGE = Path(__file__).parent.parent.parent / "docs" / "upstreams.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)

CATALOGUE = {"OVAMGebruiker": ["NonConformiteitenIndiener"]}


@pytest.mark.parametrize("block", BLOCKS)
def test_what_it_shows_loads_and_holds(tmp_path: Path, block: str) -> None:
    shown: dict[str, Any] = yaml.safe_load(block)
    environment = environments(tmp_path)["ti"] | shown.get("environments", {}).get("ti", {})
    path = write_config(tmp_path, {"ti": environment}, rules=shown["rules"])
    path.write_text(
        path.read_text() + yaml.safe_dump({"tests": shown.get("tests", []), "catalogue": CATALOGUE})
    )
    assert checked_config(path, "ti").rules == load(path).rules
    assert [each.code for each in findings(path)[1] if each.code != "unused-right"] == []
