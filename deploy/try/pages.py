"""The commands that a page shows, section by section, so that a run does what a reader would do."""

from __future__ import annotations

import re
from pathlib import Path


def blocks(page: Path, heading: str) -> list[str]:
    """The indented blocks below this heading, as they stand there, up to the next heading of its level or above."""
    lines = page.read_text("utf-8").splitlines()
    level = next(
        (re.match(r"#+", line)[0] for line in lines if re.fullmatch(rf"#+ {re.escape(heading)}", line)), None
    )  # type: ignore[index]
    if level is None:
        raise LookupError(f"{page} has no heading {heading!r}")
    begin = lines.index(f"{level} {heading}") + 1
    found: list[list[str]] = []
    before = ""
    for line in lines[begin:]:
        if re.match(rf"#{{1,{len(level)}}} ", line):
            break
        if line.startswith("    "):
            if not before.startswith("    ") or not found:
                found.append([])
            found[-1].append(line[4:])
        before = line
    return ["\n".join(each) for each in found]
