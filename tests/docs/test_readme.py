"""The first steps of the README are taken as they stand there, with ports of this run."""

from __future__ import annotations

from pathlib import Path

from tests.docs.desk import ROOT, Desk
from website.blocks import SHELL, blocks

PAGE = (ROOT / "README.md").read_text("utf-8")


def block_with(words: str) -> str:
    (found,) = [block.text for block in blocks(PAGE) if words in block.text]
    return found


def script(words: str) -> str:
    """A block of commands, for the interpreter of this run."""
    return block_with(words).replace(".venv/bin/", "")


def test_the_first_steps(desk: Desk, tmp_path: Path) -> None:
    desk.run("gateway keys generate --env ti")
    desk.run("systemctl start toegangspoort@ti")
    seen = desk.shell(script("simulator login"))
    assert '"x-auth-organisation"' in seen
    assert "HTTP/1.1 401 " in seen

    config = tmp_path / "config.yaml"
    text = config.read_text("utf-8")
    rule = "".join(
        f"  {line.removeprefix('    ')}" for line in block_with("id: opening-hours").splitlines(keepends=True)
    )
    config.write_text(text.replace("  - id: register\n", f"{rule}  - id: register\n", 1), "utf-8")
    said = desk.shell(script("config validate config.yaml"))
    assert "config.yaml is fine" in said
    assert "opening-hours" in said.partition("is fine")[2]

    before, _, after = config.read_text("utf-8").rpartition("[anyone]")
    config.write_text(f"{before}[anyon]{after}", "utf-8")
    assert block_with("unknown policy").strip() in desk.run("gateway config validate config.yaml")


def test_what_needs_more_than_one_machine_is_parsed() -> None:
    """By tests/docs/test_shown_commands.py: `make demo`, and how it is run for real."""
    shells = [block.text for block in blocks(PAGE) if block.language in SHELL]
    assert any("make demo" in each for each in shells)
    assert any("gateway serve" in each for each in shells)
