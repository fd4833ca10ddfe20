"""The blocks of code in a document, fenced or indented, with the language of each."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Final, NamedTuple

from markdown_it import MarkdownIt

# What stands within paragraphs is not read: it takes most of the time, and no block of code is there.
_MARKDOWN: Final = MarkdownIt("commonmark").enable("table").disable("inline")
_YAML: Final = re.compile(r"\s*(#|- )?[\w./*\"-]*:?( |$)")
_PROGRAMS: Final = {
    ".venv/bin/gateway",
    ".venv/bin/python",
    "apt-get",
    "caddy",
    "cp",
    "curl",
    "docker",
    "gateway",
    "kill",
    "kubectl",
    "make",
    "mv",
    "nginx",
    "openssl",
    "python",
    "redis-cli",
    "systemctl",
}
SHELL: Final = {"bash", "console", "sh", "shell"}


class Block(NamedTuple):
    """A block of code: its first line and the line after it (counted from 0), its language and text."""

    first: int
    after: int
    language: str
    text: str
    fenced: bool
    nested: bool


def blocks(document: str) -> Iterator[Block]:
    """The blocks of a document, in order."""
    for token in _MARKDOWN.parse(document):
        if token.type not in {"code_block", "fence"} or token.map is None:
            continue
        first, after = token.map
        language = token.info.strip() or _language(token.content)
        yield Block(first, after, language, token.content, token.type == "fence", token.level > 0)


def commands(block: Block) -> Iterator[str]:
    """The commands that a block shows: after `$` in a console, else every line; without comments.

    A command goes on on the next line after a backslash, and within quotes.
    """
    text = block.text.replace("\\\n", " ")
    waiting = ""
    for line in text.splitlines():
        shown = line.strip()
        if waiting:
            shown = f"{waiting}\n{shown}"
        elif block.language == "console":
            if not shown.startswith("$ "):
                continue
            shown = shown[2:]
        if not shown or shown.startswith("#"):
            continue
        try:
            shlex.split(shown, comments=True)
        except ValueError:
            waiting = shown
            continue
        waiting = ""
        yield shown


def _language(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        return "text"
    first = lines[0].split()
    if first[0] == "$":
        return "console"
    if first[0] in _PROGRAMS or re.match(r"\w+=\$\(", lines[0].strip()):
        return "sh"
    return "yaml" if all(_YAML.match(line) and ":" in line for line in lines[:2]) else "text"
