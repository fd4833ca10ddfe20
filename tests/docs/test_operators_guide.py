"""The operator's guide shows real output: its commands are run, on the changes that it makes."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import application
from gateway.config import load
from gateway.model import CanonicalRequest, DecisionInput, Identity, Organisation, Right
from gateway.observe.chain import Chain
from gateway.observe.decision_record import Pseudonyms, RecordEntry
from gateway.observe.record_encoder import RecordEncoder
from gateway.policy.evaluate import decide
from tests.keys import SEAL

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "operators-guide.md"
_DIFF = re.compile(r"```diff\n(.*?)```", re.DOTALL)
_COMMAND = re.compile(r"^    \$ (gateway .*)\n((?:    .*\n|\n(?=    (?!\$)))*)", re.MULTILINE)


def step(text: str, start: int) -> tuple[int, re.Match[str]] | None:
    """The next change or command of the guide, and where it ends."""
    found = [match for match in (_DIFF.search(text, start), _COMMAND.search(text, start)) if match]
    first = min(found, key=lambda match: match.start(), default=None)
    return None if first is None else (first.end(), first)


def steps(text: str) -> Iterator[re.Match[str]]:
    at = 0
    while (found := step(text, at)) is not None:
        at, match = found
        yield match


def change(file: Path, diff: str) -> None:
    """Apply the parts of a diff; a line of @@ stands between two parts."""
    text = file.read_text()
    for part in diff.split("@@\n"):
        lines = part.splitlines()
        before = "\n".join(line[1:] for line in lines if line[:1] != "+")
        after = "\n".join(line[1:] for line in lines if line[:1] != "-")
        assert text.count(before) == 1, f"not once in {file.name}:\n{before}"
        text = text.replace(before, after)
    file.write_text(text)


def run(command: str) -> str:
    words = command.split()[1:]
    done = CliRunner().invoke(application(words), words)
    shown = done.output + (f"[exit {done.exit_code}]\n" if done.exit_code else "")
    return "".join(f"    {line}\n" if line else "\n" for line in shown.splitlines())


def yesterday(config: Path, records: Path) -> None:
    """What the gateway recorded of some people under the rules of now."""
    rules = load(config).rules["ti"]
    form, chain = RecordEncoder("ti", Pseudonyms(b"k" * 32, "ti")), Chain("guide", SEAL)
    people = [
        Identity("op", "mia", doelgroep="LB", organisation=Organisation("0207437468"),
                 rights=(Right("OVAMGebruiker", "NonConformiteitenLezer", "0207437468"),)),
        Identity("op", "olivia", doelgroep="GID", organisation=Organisation("OVO001234"),
                 rights=(Right("OVAMGebruiker", "NonConformiteitenLezer", "OVO001234"),)),
        None,
    ]  # fmt: skip
    with records.open("wb") as out:
        for number, identity in enumerate(people * 40):
            path = ("/", "/ncr/melding.xhtml", "/help/indienen", "/ncr/javax.faces.resource/stijl.css.xhtml")[
                number % 4
            ]
            segments, now = tuple(path[1:].split("/")), 1_795_420_800.0 + number * 60
            request = CanonicalRequest(
                f"r-{number}", "GET", "http", "localhost:8000", path, segments, b"/", (), {}, "192.0.2.1", True, "nl"
            )  # fmt: skip
            given = DecisionInput("GET", "localhost:8000", path, segments, "192.0.2.1", now, identity)
            decision = decide(rules, given)
            handled = RecordEntry(
                f"r-{number}", now, 200, 0.1, "192.0.2.1", request, decision, identity, rules=rules.hash
            )
            out.write(chain.link(form.encode(handled)))


def test_the_guide_shows_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "config.yaml", "config.yaml")
    shutil.copy("config.yaml", "new.yaml")
    Path("plugins").symlink_to(ROOT / "plugins")
    yesterday(Path("config.yaml"), Path("records.jsonl"))
    text = shown = GUIDE.read_text("utf-8")
    for match in list(steps(text)):
        if match.re is _DIFF:
            change(Path("new.yaml"), match[1])
        else:
            told = f"    $ {match[1]}\n{run(match[1])}"
            shown = shown.replace(match[0].rstrip("\n"), told.rstrip("\n"), 1)
    if os.environ.get("REWRITE_GUIDE"):
        GUIDE.write_text(shown, "utf-8")
    assert text == shown, "run it with REWRITE_GUIDE=1, and read what changed"
