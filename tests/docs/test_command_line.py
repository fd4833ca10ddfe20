"""The reference of the command line says what the commands say of themselves: it is made of their help."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from gateway.cli import application, commands
from gateway.cli.command_help import COMMON, Command

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"
START = "<!-- from here on: made of the help of the commands by tests/docs/test_command_line.py -->\n"
ALL = sorted(commands())


def section(path: tuple[str, ...], command: Command) -> Iterator[str]:
    words = [f"{' '.join(path)}"]
    rows = []
    for each in command.params:
        optional = not each.required
        if each.param_type_name == "argument":
            name = f"{each.name}{'...' if each.nargs == -1 or each.multiple else ''}".upper()
            words.append(f"[{name}]" if optional else name)
        else:
            name = each.opts[0]
        default = (
            each.default if isinstance(each.default, (str, int, Path)) and each.default is not False else None
        )
        text = " ".join((getattr(each, "help", None) or "").split())
        rows.append(f"| `{name}` | {text}{f' Default: `{default}`.' if default is not None else ''} |")
    sections = command.sections
    yield f"\n## {' '.join(path)}\n"
    yield from (" ".join(paragraph.split()) + "\n" for paragraph in sections.words.split("\n\n"))
    yield f"    {' '.join(words)}{' [OPTIONS]' if len(rows) >= len(words) else ''}\n"
    yield "Examples:\n"
    yield from (f"    {line}" for line in sections.examples)
    if rows:
        yield "\n| | |\n|---|---|"
        yield from rows
    yield "\n| exit code | |\n|---|---|"
    yield from (f"| {code} | {meaning} |" for code, meaning in sections.exit_codes.items())
    if sections.json:
        yield f"\nWith `--json`: {sections.json}"


def test_every_command_is_documented_as_it_is() -> None:
    text = PAGE.read_text("utf-8")
    head, mark, _ = text.partition(START)
    assert mark, "the page has no place for what is made"
    made = head + START + "\n".join(line for each in ALL for line in section(*each)) + "\n"
    if os.environ.get("REWRITE_REFERENCE"):
        PAGE.write_text(made, "utf-8")
    assert text == made, "run it with REWRITE_REFERENCE=1, and read what changed"
    for code, meaning in COMMON.items():
        assert f"| {code} | {meaning}" in head


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) for path, _ in ALL])
def test_every_command_teaches(path: tuple[str, ...], command: Command) -> None:
    sections = command.sections
    assert sections.words
    assert 0 in sections.exit_codes
    assert len(sections.exit_codes) > 1
    assert "xit code" not in sections.words, "exit codes have a section of their own"
    assert len(sections.words.split("\n\n")[0]) < 330, "the first paragraph is what people read"
    for each in command.params:
        assert getattr(each, "help", None), each.name
    options = {name for each in command.params for name in each.opts}
    assert ("--json" in options) == bool(sections.json)
    assert sections.examples


@pytest.mark.parametrize(
    "line", [line for _, command in ALL for line in command.sections.examples], ids=lambda line: line[:70]
)
def test_every_example_is_a_command_that_can_be_typed(line: str) -> None:
    words = shlex.split(line.rpartition("| ")[2] if " | " in line else line)
    words = words[: next((at for at, word in enumerate(words) if word.startswith(">")), None)]
    assert words[0] == "gateway"
    part, arguments = get_command(application(words[1:])), words[1:]
    while isinstance(part, TyperGroup):
        part = part.commands[arguments.pop(0)]
    assert isinstance(part, Command)
    assert part.make_context("gateway", arguments).command is part
