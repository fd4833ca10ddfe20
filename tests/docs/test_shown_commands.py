"""Every command that a page shows exists, with the options that are shown; other programs are named here.

Some pages are done word by word by a test of their own. This module reads all the others.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import pytest
from typer import BadParameter
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from gateway.cli import application
from simulator.__main__ import app as simulator_application
from website.blocks import SHELL, blocks, commands

ROOT = Path(__file__).parents[2]
UsageError = BadParameter.__mro__[1]
PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / f"{each}.md" for each in ("README", "CONTRIBUTING", "SECURITY")),
    ]
)
# Pages whose commands are run, and the test that does it.
RUN = {
    "docs/deployment.md": "deploy/try/deployment.py",
    "docs/tasks.md": "tests/docs/test_tasks.py",
    "docs/operators-guide.md": "tests/docs/test_operators_guide.py",
    "docs/reference/command-line.md": "tests/docs/test_command_line.py",
}
# Programs that are not of this project. Nothing here checks what they are asked.
OTHERS = {
    "apt-get", "cat", "cp", "curl", "export", "grep", "kill", "mv", "nginx", "openssl", "python3", "redis-cli", "ssh", "systemctl",
    "tail", "zcat",
}  # fmt: skip
_SEPARATORS = {"|", "||", "&&", ";", "&"}
_INLINE = re.compile(r"(?<!`)`(gateway [^`\n]+)`(?!`)")


@cache
def gateway(named: tuple[str, ...]) -> TyperCommand | TyperGroup:
    """The command line, with the command of this name."""
    return cast(TyperGroup, get_command(application(named)))


def shown(page: Path) -> list[str]:
    """The commands in the blocks of a page, each without what it is piped to."""
    text = page.read_text("utf-8")
    lines = [line for block in blocks(text) if block.language in SHELL for line in commands(block)]
    return [part for line in lines for part in parts(line)]


def parts(line: str) -> Iterator[str]:
    """The single commands of a line of a shell, without redirections, assignments and comments."""
    line = re.sub(r"^\w+=\$\((.*)\)$", r"\1", line)
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, "#"
    words: list[str] = []
    skip = False
    for word in [*lexer, ";"]:
        if word in _SEPARATORS:
            if words:
                yield shlex.join(words)
            words = []
        elif skip or set(word) <= set("<>"):
            skip = not skip
        else:
            words.append(word)


def checked(line: str) -> None:
    """Raises AssertionError or click's UsageError where this can't be typed."""
    match shlex.split(line):
        case ["gateway" | ".venv/bin/gateway", *words]:
            parsed(gateway(tuple(words[:1])), words)
        case ["python" | ".venv/bin/python", "-m", "simulator", *words]:
            parsed(get_command(simulator_application), words)
        case ["python" | ".venv/bin/python" | "python3", "-m", "pytest", *words]:
            paths = [word for word in words if "/" in word and not word.startswith("-")]
            assert all((ROOT / path.partition("::")[0]).exists() for path in paths), line
        case ["python" | ".venv/bin/python" | "python3", "-m", module, *_]:
            assert find_spec(module), line
        case ["make", *targets]:
            made = (ROOT / "Makefile").read_text("utf-8")
            assert all(re.search(rf"^{re.escape(target)}:", made, re.MULTILINE) for target in targets), line
        case [program, *_]:
            assert program in OTHERS, f"{program} is not a program that the pages use"


def parsed(part: TyperCommand | TyperGroup, words: list[str]) -> None:
    """Read the words as the command line does, without running anything."""
    words = [word.strip("[]") for word in words]
    while isinstance(part, TyperGroup):
        assert words, "a group of commands alone does nothing"
        assert words[0] in part.commands, f"no command {words[0]!r}"
        part = cast(TyperCommand, part.commands[words.pop(0)])
    part.make_context("x", words)


def named(line: str) -> None:
    """A command in a sentence: it exists, and so do its options. What it is about may be left out."""
    words = [word.strip("[],") for word in line.split()[1:]]
    part: TyperCommand | TyperGroup = gateway(tuple(words[:1]))
    while isinstance(part, TyperGroup) and words and not words[0].startswith("-") and words[0].islower():
        assert words[0] in part.commands, f"no command {words[0]!r}"
        part = cast(TyperCommand, part.commands[words.pop(0)])
    known = {name for each in part.params for name in (*each.opts, *each.secondary_opts)} | {
        "-h",
        "--help",
        "--version",
    }
    assert {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)} <= known, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_commands_of_a_page_can_be_typed(page: Path) -> None:
    if page.relative_to(ROOT).as_posix() not in RUN:
        for line in shown(page):
            try:
                checked(line)
            except (UsageError, AssertionError, ValueError) as fault:
                pytest.fail(f"{line}\n{fault}")
    if page.parent.name == "decisions":
        return
    for line in _INLINE.findall(page.read_text("utf-8")):
        named(line)


@pytest.mark.parametrize(("page", "test"), RUN.items())
def test_the_pages_that_are_run_have_their_tests(page: str, test: str) -> None:
    assert Path(page).name in (ROOT / test).read_text("utf-8")


def test_a_command_that_is_not_there_is_found() -> None:
    for line in (
        "gateway blocks list",
        "gateway block list --envy prd",
        "make all",
        "python -m benchmarks.none",
    ):
        with pytest.raises((AssertionError, UsageError, ModuleNotFoundError)):
            checked(line)
    with pytest.raises(AssertionError):
        named("gateway keys rotate --soon")
