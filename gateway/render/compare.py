"""How a deployed file differs from the one that would be written: comments and blanks don't count."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from typing import Final, NamedTuple

import yaml

from gateway.render.files import Engine, Part

# One word of a line: quoted, or up to the next blank. A sign that begins a comment does so at the start of a word alone.
_WORD: Final = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|`[^`]*`|\\.|[^ \t"'`\\])+|["'`\\]""")
# What is read in a comment too. Lua and YAML end a line, and so the comment, at more signs than a line feed; Traefik and
# Caddy put in what such braces stand for before they read.
_READ: Final = re.compile(r"[\r\x85\u2028\u2029]|{{|{\$")
_YAML: Final = frozenset(("envoy", "traefik"))
# A comment of Lua that goes on for more lines: what follows it is not read, and no line may hide behind it.
_LONG_COMMENT: Final = re.compile(r"--\[=*\[")
# A file with this many times as many lines is another one, and comparing them would take long.
_TIMES: Final = 10


class Line(NamedTuple):
    """A line that counts: its number in the file, its words, and the comment above it."""

    number: int
    text: str
    why: str = ""


def config_differences(rendered: str, deployed: str, engine: Engine, part: Part, name: str) -> list[str]:
    """The lines of a report; none where both say the same. `name` is what the deployed file is called."""
    wanted, found = list(_lines(rendered, engine, part)), list(_lines(deployed, engine, part))
    if [line.text for line in wanted] == [line.text for line in found] or _same_data(
        rendered, deployed, engine
    ):
        return []
    if len(found) > _TIMES * len(wanted):
        return [f"{name} is another file: it has {len(found)} lines that count, instead of {len(wanted)}"]
    return [*_diff(wanted, found, name), "", *_meaning(wanted, found, name)]


def _same_data(rendered: str, deployed: str, engine: Engine) -> bool:
    if engine not in _YAML or len(deployed) > _TIMES * len(rendered):
        return False
    if _READ.findall(deployed.replace("\r\n", "\n")) != _READ.findall(rendered):
        return False
    try:
        return bool(yaml.safe_load(rendered) == yaml.safe_load(deployed))
    except Exception:  # noqa: BLE001 - beside YAMLError, dates, numbers and depths that can't be raise what they like
        return False


def _lines(text: str, engine: Engine, part: Part) -> Iterator[Line]:
    mark, why, above = ("--" if part == "lua" else "#"), "", False
    # No engine ends a line at the other signs that `splitlines` does.
    for number, ended in enumerate(text.split("\n"), 1):
        line = ended.removesuffix("\r")
        words = list(_words(line, mark))
        if words:
            # Where a line begins says in YAML what it belongs to.
            indent = line[: len(line) - len(line.lstrip())] if engine in _YAML else ""
            yield Line(number, indent + " ".join(words), why)
            above = False
        elif comment := line.strip().removeprefix(mark).strip():
            why, above = (f"{why} {comment}" if above else comment), True
        else:
            why = ""


def _words(line: str, mark: str) -> Iterator[str]:
    for found in _WORD.finditer(line):
        if found[0].startswith(mark) and not _is_read(line[found.start() :], mark):
            return
        yield found[0]


def _is_read(comment: str, mark: str) -> bool:
    return bool(_READ.search(comment) or (mark == "--" and _LONG_COMMENT.match(comment)))


def _diff(wanted: Sequence[Line], found: Sequence[Line], name: str) -> Iterator[str]:
    pair = ([line.text for line in wanted], [line.text for line in found])
    yield from unified_diff(*pair, "as it would be written", name, lineterm="", n=2)


def _meaning(wanted: Sequence[Line], found: Sequence[Line], name: str) -> Iterator[str]:
    there, here = _left(found, wanted), _left(wanted, found)
    for line in here:
        yield f"missing: {line.text.strip()}" + (f"   ({line.why})" if line.why else "")
    for line in there:
        yield f"{name}:{line.number}: not from config.yaml: {line.text.strip()}"
    if not here and not there:
        yield "The lines are the same, in another order or nesting."


def _left(lines: Sequence[Line], others: Sequence[Line]) -> list[Line]:
    """The lines that the others lack, each as often as it is lacking."""
    counted: dict[str, int] = {}
    for line in others:
        counted[line.text.strip()] = counted.get(line.text.strip(), 0) + 1
    left = []
    for line in lines:
        text = line.text.strip()
        counted[text] = counted.get(text, 0) - 1
        if counted[text] < 0:
            left.append(line)
    return left
