"""The warnings about a few rules with a configuration around them."""

from __future__ import annotations

from pathlib import Path

from gateway.config.lint import findings
from tests.config.test_lint import TODAY, configuration


def warned(folder: Path, text: str, *codes: str) -> list[str]:
    """The messages with these codes; `text` is what a case of tests/cases/lint begins with."""
    return [
        each.message for each in findings(configuration(folder, text), today=TODAY)[1] if each.code in codes
    ]
