"""The tasks of a year on call are done word by word: each edit, each command, and each try at a running gateway."""

from __future__ import annotations

import os
import re

from tests.docs.desk import ROOT, Desk

PAGE = ROOT / "docs" / "tasks.md"
_STEP = re.compile(
    r"^```diff\n(?P<diff>.*?)^```|^    \$ (?P<command>[^\n]*)\n(?P<said>(?:    (?!\$)[^\n]*\n)*)",
    re.DOTALL | re.MULTILINE,
)
# What differs from run to run: ids of sessions and blocks, pseudonyms, moments, who and where.
_VARYING = re.compile(
    r"\b[0-9a-f]{16}\b|\b[bm]-[0-9a-f]{8}\b|(?<=person )[\w-]{22}|(?<=--subject )[\w-]{22}|\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} CES?T"
    r"|(?<=by )\S+(?= on)|(?<=worker \()\S+(?=\))"
)


def test_the_tasks_are_done_as_the_page_says(desk: Desk) -> None:
    text = PAGE.read_text("utf-8")
    actual: dict[str, str] = {}

    def done(step: re.Match[str]) -> str:
        if step["diff"] is not None:
            desk.edit(step["diff"])
            return step[0]
        line = step["command"]
        for on_page, here in actual.items():
            line = line.replace(on_page, here)
        said = "".join(f"    {each}\n" for each in desk.run(line).splitlines())
        actual.update(zip(_VARYING.findall(step["said"]), _VARYING.findall(said), strict=False))
        return f"    $ {line}\n{said}"

    shown = _STEP.sub(done, text)
    if os.environ.get("REWRITE_GUIDE"):
        PAGE.write_text(shown, "utf-8")
    assert _VARYING.sub("...", text) == _VARYING.sub("...", shown), (
        "run it with REWRITE_GUIDE=1, and read what changed"
    )
