"""The runbooks are complete, their commands are run beside a gateway, and what they quote is what there is."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import application
from tests.docs.desk import ROOT, Desk
from tests.processes import command
from website.blocks import SHELL, blocks, commands

PAGE = (ROOT / "docs" / "runbooks.md").read_text("utf-8")
RUNBOOKS = [
    "ACM down", "Store down", "Key compromised", "Wrong rule live", "Loop reports", "Certificate", "Restore", "Upgrade", "Capacity",
]  # fmt: skip
PARTS = ["How you notice", "What people see", "What to do", "How you know it is over", "What to tell people"]
# These end with 1 where nothing matches or something differs.
QUESTIONS = ("gateway records show", "gateway policy diff", "gateway policy replay")
# Programs that are not of this project and not on every machine.
OF_OTHERS = ("redis-cli", "openssl")
# Running these once says all.
ONCE = ("gateway doctor", "systemctl restart", "gateway config validate", "gateway keys list", "curl")


def test_every_runbook_has_all_its_parts() -> None:
    first, *sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    assert first.startswith("# Runbooks")
    titles = [section.partition("\n")[0] for section in sections]
    assert titles == ["First, always", *RUNBOOKS]
    for section in sections[1:]:
        assert re.findall(r"^\*\*(.+?)\.\*\*", section, re.MULTILINE) == PARTS


def test_whoever_stops_a_gateway_stops_its_socket() -> None:
    """Else systemd starts it again for the next request."""
    text = (
        PAGE
        + (ROOT / "docs/deployment.md").read_text("utf-8")
        + (ROOT / "docs/operations.md").read_text("utf-8")
    )
    stops = re.findall(r"^ *(systemctl stop .*)$", text, re.MULTILINE)
    assert stops == ["systemctl stop toegangspoort@prd.socket toegangspoort@prd"]


def test_what_people_see_is_on_the_pages() -> None:
    words = (ROOT / "gateway/pages/locale/nl.po").read_text("utf-8")
    seen = re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", PAGE)
    assert len(seen) > 5
    assert [each for each in seen if f'msgstr "{each}' not in words] == []


def test_the_log_lines_are_those_of_the_gateway() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "gateway").rglob("*.py"))
    flat = re.sub(r"\s+", " ", PAGE)
    quoted = re.findall(r"(?i:the log has) ((?:`[^`]+`(?: and )?)+)", flat)
    lines = [line for each in quoted for line in re.findall(r"`([^`]+)`", each)]
    assert len(lines) > 4
    assert [line for line in lines if f'"{line}"' not in source] == []


class OnCall:
    """Runs the commands of the page on T&I, with real ids in the place of those in capitals."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self._desk, self._folder = desk, folder
        self._done: set[str] = set()
        shutil.copy(folder / "config.yaml", folder / "previous.yaml")
        self._outcome("gateway keys generate --env ti")
        desk.run("systemctl start toegangspoort@ti")
        page = desk.run(
            'curl -s --path-as-is -H "Accept: text/html" -H "Sec-Fetch-Mode: navigate" http://localhost:8000/a/%2e%2e/b'
        )
        found = re.search(r"\b[0-9A-F]{4}-[0-9A-F]{4}\b", page)
        assert found, page
        self._reference = found[0]
        restored = folder / "restored"
        restored.mkdir()
        shutil.copy(folder / "var/ti-records.jsonl", restored)
        kept = json.loads(
            self._outcome("gateway records verify --env ti restored/ti-records.jsonl --json")[1]
        )
        self._kept = {"HASH": "", "BEFORE": "", "MAINTENANCE": ""}
        (rules,) = (folder / "var/ti-records.jsonl.rules").glob("*.json.gz")
        self._kept["BEFORE"] = rules.name.partition(".")[0]
        self._kept["HASH"] = next(each["head"] for each in kept["chains"])

    def run(self, line: str) -> None:
        if line.startswith(OF_OTHERS) or line.removesuffix(" --json") in self._done:
            return
        if line.startswith(ONCE):
            self._done.add(line.removesuffix(" --json"))
        if line.startswith("systemctl show"):
            return
        if line == "gateway restart 4711":  # the process that systemd named
            line = "systemctl restart toegangspoort@ti"
        line = line.replace("prd", "ti").replace("REFERENCE", self._reference)
        for capitals, instead in self._kept.items():
            line = line.replace(capitals, instead)
        for each in [line.replace("KEY", key) for key in self._earlier_keys()] if "KEY" in line else [line]:
            code, said = self._outcome(each)
            if found := re.search(r"gateway maintenance end (m-[0-9a-f]+)", said):
                self._kept["MAINTENANCE"] = found[1]
            assert code in ((0, 1) if line.startswith(QUESTIONS) else (0,)), f"{each}\n{said}"

    def _outcome(self, line: str) -> tuple[int, str]:
        words = shlex.split(self._desk.here(line))
        if words[:2] == ["gateway", "config"]:
            tried = command(*words[1:], cwd=self._folder)
            return tried.returncode, tried.stdout + tried.stderr
        if words[0] == "gateway":
            done = CliRunner().invoke(application(words[1:]), words[1:])
            return done.exit_code, done.output
        said = self._desk.run(line)
        code = re.search(r"^\[exit (\d+)\]$", said, re.MULTILINE)
        return int(code[1]) if code else 0, said

    def _earlier_keys(self) -> list[str]:
        listed = json.loads(self._outcome("gateway keys list --env ti --json")[1])
        rotated = [each for each in listed if each["purpose"] in ("sessions", "flows")]
        newest = {each["purpose"]: each["id"] for each in sorted(rotated, key=lambda each: each["since"])}
        keys = [each["id"] for each in rotated if each["id"] not in newest.values()]
        assert keys, listed
        return keys


def test_every_command_works_beside_a_gateway(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    on_call = OnCall(desk, tmp_path)
    lines = [line for block in blocks(PAGE) if block.language in SHELL for line in commands(block)]
    assert len(lines) > 50
    for line in lines:
        on_call.run(line)


def test_nothing_is_restarted_that_may_not_start() -> None:
    """Tests that fail keep a gateway from starting, and `config validate` runs none."""
    for block in (each for each in blocks(PAGE) if each.language in SHELL):
        lines = [*commands(block)]
        if any(line.startswith(("gateway restart", "mv config")) for line in lines):
            assert any(line.startswith("gateway policy test") for line in lines), lines
