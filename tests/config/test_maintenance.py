"""`maintenance:` against the rest of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import ConfigError, load
from tests.gateways import settings, write_config


def test_rights_that_there_are_not_and_paths_that_cannot_be_folded(tmp_path: Path) -> None:
    window = {"hours": {"sun": "02:00-04:00"}, "paths": ["/café/**"], "except": ["indeiner"]}
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:1", acm_url="http://localhost:2",
        upstream_url="http://localhost:3", paths={"case": "insensitive"},
        maintenance={"windows": [window], "except": ["indiener", "gone"]},
    )  # fmt: skip
    path = write_config(tmp_path, {"ti": environment})
    with pytest.raises(ConfigError) as problems:
        load(path)
    lines = path.read_text().splitlines()
    found = {lines[each.line - 1].strip(): each.message for each in problems.value.problems}
    assert "did you mean 'indiener'" in found["- indeiner"]
    assert "unknown right 'gone'" in found["- gone"]
    assert "letters a to z only" in found["- /café/**"]
