"""The reference of the command line says what the commands say of themselves: it is made of their help."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click
from typer.main import get_command

from gateway.cli import application

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"
START = "<!-- from here on: made of the help of the commands by tests/docs/test_command_line.py -->\n"


def commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    below: dict[str, click.Command] = getattr(command, "commands", {})
    if not below:
        yield path, command
    for name in sorted(below):
        yield from commands(below[name], (*path, name))


def section(path: tuple[str, ...], command: click.Command) -> Iterator[str]:
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
    yield f"\n## {' '.join(path)}\n"
    yield " ".join((command.help or "").split()) + "\n"
    yield f"    {' '.join(words)}{' [OPTIONS]' if len(rows) >= len(words) else ''}"
    if rows:
        yield "\n| | |\n|---|---|"
        yield from rows


def test_every_command_is_documented_as_it_is() -> None:
    text = PAGE.read_text("utf-8")
    head, mark, _ = text.partition(START)
    assert mark, "the page has no place for what is made"
    lines = (
        line
        for path, command in commands(get_command(application()), ("gateway",))
        for line in section(path, command)
    )
    made = head + START + "\n".join(lines) + "\n"
    if os.environ.get("REWRITE_REFERENCE"):
        PAGE.write_text(made, "utf-8")
    assert text == made, "run it with REWRITE_REFERENCE=1, and read what changed"


def test_every_command_says_what_it_does() -> None:
    for path, command in commands(get_command(application()), ("gateway",)):
        assert command.help, path
        for each in command.params:
            assert getattr(each, "help", None), (path, each.name)
