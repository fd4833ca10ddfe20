"""The page for policy authors: its code is what it says, and runs."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from gateway.plugin import Allow, Deny, Policy
from gateway.plugin.testing import OptionsRefused, facts, person, policies, policy
from tests.processes import ROOT, command

GUIDE = (ROOT / "docs/writing-a-policy.md").read_text("utf-8")
FIRST, LEVEL, REGISTERED, TEST = (
    textwrap.dedent(block) for block in re.findall(r"^ *```python\n(.*?)^ *```$", GUIDE, re.M | re.S)
)
IMPORTS = """
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Annotated, Any
import httpx2
from pydantic import PrivateAttr
from gateway.plugin import *
"""


def defined(folder: Path, text: str, name: str) -> type[Policy]:
    (folder / f"{name}.py").write_text(IMPORTS + text)
    return policies(folder)[name]


def test_the_first_policy_is_the_example() -> None:
    assert (ROOT / "examples/plugins/email_domain.py").read_text("utf-8") == FIRST


def test_the_strongest_methods(tmp_path: Path) -> None:
    level = defined(tmp_path, LEVEL, "level")
    levels = {"urn:low": 1, "urn:high": 9}
    asked = policy(level, levels=levels)
    assert asked.decide(facts(identity=person(acr="urn:high"))) == Allow("strongest")
    assert asked.decide(facts(identity=person(acr="urn:low"))) == Deny("not-the-strongest")
    with pytest.raises(OptionsRefused, match="only 2 authentication methods"):
        policy(level, {"best": 3}, levels=levels)


def test_the_registry(tmp_path: Path) -> None:
    asked = policy(defined(tmp_path, REGISTERED, "registered"), "http://localhost:9")
    given = facts(variables={"kbo": "1"}, answers={"registered": {"registered": True}})
    question = asked.question(given)
    assert question is not None
    assert question.source == question.source
    assert (question.about, question.source.max_concurrency) == ("1", 16)
    assert asked.decide(given) == Allow("registered")


def test_a_stranger_can_follow_it(tmp_path: Path) -> None:
    """The files where the page says that they go, and the commands that it gives."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/email_domain.py").write_text(FIRST)
    (part,) = (
        textwrap.dedent(block) for block in re.findall(r"^ *```yaml\n(.*?)^ *```$", GUIDE, re.M | re.S)
    )
    shipped = (ROOT / "config.yaml").read_text("utf-8")
    plugins, _, rules = part.partition("rules:\n")
    whole = shipped.replace("version: 1\n", f"version: 1\n{plugins}", 1).replace(
        "\nrules:\n", f"\nrules:\n{rules}", 1
    )
    (tmp_path / "config.yaml").write_text(whole)
    for line in re.findall(r"^ +gateway (.*)$", GUIDE, re.M):
        done = command(*line.split(), cwd=tmp_path)
        assert done.returncode in (0, 1), done.stderr
        assert "staff" in done.stdout or "is fine" in done.stdout, done.stdout + done.stderr


def test_its_test_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/email_domain.py").write_text(FIRST)
    monkeypatch.chdir(tmp_path)
    found: dict[str, object] = {}
    exec(compile(TEST, "test_email_domain.py", "exec"), found)
    tests = [each for name, each in found.items() if name.startswith("test_")]
    assert len(tests) == 2
    for each in tests:
        assert callable(each)
        each()
