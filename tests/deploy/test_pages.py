"""All commands of the deployment page and of the quick start are run by deploy/try; here is seen that none is left out."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.deploy.tools import ROOT

sys.path.insert(0, str(ROOT / "deploy/try"))
from pages import blocks

PAGE = ROOT / "docs/deployment.md"
# `make release` is run where a run begins; there is no cluster to apply anything to, and no engine for containers.
NOT_ON_A_MACHINE = {"A release", "Kubernetes", "Commands in containers"}


def test_every_section_with_commands_is_followed() -> None:
    headings = re.findall(r"^## (.+)$", PAGE.read_text(), re.M)
    followed = set(re.findall(r'follow\(\w+, "([^"]+)"\)', (ROOT / "deploy/try/deployment.py").read_text()))
    assert {each for each in headings if blocks(PAGE, each)} == followed | NOT_ON_A_MACHINE


def test_blocks_are_as_they_stand_on_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A\n\n    one\n    two \\\n      three\n\ntext\n\n    four\n\n## B\n\n    five\n\n# C\n\n    six\n"
    )
    assert blocks(page, "A") == ["one\ntwo \\\n  three", "four", "five"]
    assert blocks(page, "B") == ["five"]
    with pytest.raises(LookupError, match="no heading"):
        blocks(page, "D")
