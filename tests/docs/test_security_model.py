"""The page about threats names tests that exist, at least one for each threat."""

from __future__ import annotations

import re

import pytest

from tests.docs.desk import ROOT

PAGE = (ROOT / "docs" / "security" / "model.md").read_text("utf-8")
ROWS = re.findall(r"^\| (.+) \| ((?:`tests/[^`]+`(?:, )?)+) \|$", PAGE, re.MULTILINE)


def test_every_promise_has_threats() -> None:
    promises = PAGE.partition("## What is promised")[2].partition("\n## ")[0].split("\n### ")[1:]
    assert len(promises) > 8
    for promise in promises:
        title, _, text = promise.partition("\n")
        rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line][1:]
        assert rows, title
        assert [row for row in rows if "`tests/" not in row] == []


@pytest.mark.parametrize(("threat", "tests"), ROWS, ids=[threat for threat, _ in ROWS])
def test_the_tests_exist(threat: str, tests: str) -> None:
    for name in re.findall(r"`([^`]+)`", tests):
        file, _, function = name.partition("::")
        text = (ROOT / file).read_text("utf-8")
        assert re.search(rf"def {function or 'test_'}", text), name
        assert not function or re.search(rf"def {function}\(", text), name
