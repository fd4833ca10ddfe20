"""No planted mistake passes: each is made in a copy of the shipped configuration, and caught by what the table says."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import application
from gateway.config import ConfigError, failures
from gateway.config.lint import found_in
from gateway.config.load import Source, read_source
from tests.mistakes.mistake import WAYS, Mistake, Proven
from tests.processes import ROOT

PAGE = ROOT / "docs" / "mistakes.md"
START = "<!-- from here on: made of the table by tests/mistakes/test_mistakes.py -->\n"
# By this day the dates of the table are past or to come.
TODAY = date(2026, 11, 26)
TABLES = {
    path.stem: import_module(f"tests.mistakes.{path.stem}").MISTAKES
    for path in sorted(Path(__file__).parent.glob("*.py"))
    if not path.stem.startswith(("_", "test_", "mistake"))
}
EVERY = [each for table in TABLES.values() for each in table]
EDITS = [each for each in EVERY if isinstance(each, Mistake)]
PROVEN = [each for each in EVERY if isinstance(each, Proven)]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mistakes")
    shutil.copy(ROOT / "config.yaml", folder / "config.yaml")
    return folder / "config.yaml"


def planted(original: Path, mistake: Mistake) -> Path:
    text = original.read_text("utf-8")
    for before, after in mistake.edit:
        assert before in text, f"the shipped configuration has no {before!r}"
        text = text.replace(before, after, 1)
    path = original.with_name("changed.yaml")
    path.write_text(text, "utf-8")
    return path


class Looked:
    """What each way of looking finds in a changed configuration; each looks once."""

    def __init__(self, path: Path, original: Path) -> None:
        self._path = path
        self._original = original
        self.error: list[str] = []
        self.source: Source | None = None
        try:
            self.source = read_source(path)
        except ConfigError as problems:
            self.error = [problem.message for problem in problems.problems]

    @cached_property
    def warning(self) -> list[str]:
        return [] if self.source is None else [each.code for each in found_in(self.source, today=TODAY)]

    @cached_property
    def suite(self) -> list[str]:
        return [] if self.source is None else [each.message for each in failures(self.source.config, "ti")]

    @property
    def test(self) -> list[str]:
        return [each for each in self.suite if each.startswith("test")]

    @property
    def never(self) -> list[str]:
        return [each for each in self.suite if each.startswith("never")]

    @cached_property
    def diff(self) -> list[str]:
        arguments = ["policy", "diff", "--env", "ti", str(self._original), str(self._path)]
        done = CliRunner().invoke(application(arguments), arguments)
        assert done.exit_code in (0, 1), done.output
        return done.output.splitlines() if done.exit_code else []


def test_the_shipped_configuration_has_none(original: Path) -> None:
    found = Looked(original, original)
    assert not (*found.error, *found.warning, *found.suite, *found.diff)


@pytest.mark.parametrize("mistake", EDITS, ids=lambda each: each.name)
def test_a_planted_mistake_is_caught(original: Path, mistake: Mistake) -> None:
    looked = Looked(planted(original, mistake), original)
    assert mistake.caught
    for each in mistake.caught:
        way, _, words = each.partition(":")
        assert way in WAYS
        found: list[str] = getattr(looked, way)
        fits = any(option in line for line in found for option in words.split("|"))
        assert fits, (each, found)


@pytest.mark.parametrize("mistake", PROVEN, ids=lambda each: each.name)
def test_what_proves_another_mistake_exists(mistake: Proven) -> None:
    path, _, name = mistake.test.partition("::")
    assert re.search(rf"^(async )?def {re.escape(name)}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)


def test_there_are_many_and_each_has_its_name() -> None:
    assert len(EVERY) >= 40
    assert len({each.name for each in EVERY}) == len(EVERY)


def rows() -> Iterator[str]:
    for each in EVERY:
        caught = (
            each.caught if isinstance(each, Proven) else "; ".join(dict.fromkeys(map(shown, each.caught)))
        )
        yield f"| {each.what} | {caught} |"


def shown(caught: str) -> str:
    way, _, words = caught.partition(":")
    return f"{WAYS[way]} (`{words}`)" if way == "warning" else WAYS[way]


def test_the_page_is_the_table() -> None:
    text = PAGE.read_text("utf-8") if PAGE.exists() else START
    head, mark, _ = text.partition(START)
    assert mark, "the page has no place for the table"
    made = head + START + "\n| what is done wrong | what catches it |\n|---|---|\n" + "\n".join(rows()) + "\n"
    if os.environ.get("REWRITE_MISTAKES"):
        PAGE.write_text(made, "utf-8")
    assert text == made, "run it with REWRITE_MISTAKES=1, and read what changed"
