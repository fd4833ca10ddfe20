"""The runners as a whole: what none of them takes, and that each checks every field of its cases."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cases import plugin
from tests.cases.plugin import NOBODY
from tests.cases.runners import no_runner, unchecked
from tests.processes import ROOT


@getattr(pytest.mark, NOBODY)
def test_no_runner(case: dict[str, Any]) -> None:
    no_runner(case)


def collected(folder: Path, *options: str) -> str:
    """What pytest says of the cases in a folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--cases={folder}", *options]
    done = subprocess.run(
        [*command, "tests/cases", "tests/endpoints/test_listener_cases.py"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_cases_of_another_folder_are_run_each_by_its_id(tmp_path: Path) -> None:
    plain = {"raw": "GET /public/echo HTTP/1.1\r\nHost: gw.test\r\n\r\n"}
    expected = {"first_status": [200], "responses_max": 1, "close": False, "upstream_max": 1}
    cases = [
        {"id": "good", **plain, "expected": expected},
        {"id": "odd-field", **plain, "expected": expected, "shape": "round"},
        {"id": "odd-expectation", **plain, "expected": expected | {"smell": "none"}},
    ]
    (tmp_path / "http1-cases.json").write_text(json.dumps({"cases": cases}))
    (tmp_path / "new-cases.json").write_text(json.dumps({"cases": [{"id": "first"}]}))
    said = collected(tmp_path)
    assert "3 failed, 1 passed" in said
    for words in (
        "test_http1_cases[odd-field]", "the runner doesn't check shape",
        "test_http1_cases[odd-expectation]", "the runner doesn't check expected.smell",
        "test_no_runner[new-first]", "no runner for this case: first",
    ):  # fmt: skip
        assert words in said


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    config = pytest.Config.fromdictargs({"cases": str(tmp_path)}, [])
    with pytest.raises(pytest.UsageError, match=re.escape(f"no *-cases.json in {tmp_path}")):
        plugin.configure(config)


def test_a_field_that_nobody_declared_is_found() -> None:
    case = {"id": "a", "why": "b", "raw": "", "mutation": {"set": {}, "odd": 1}, "new": 1}
    assert unchecked(case, frozenset(("raw", "mutation")), {"mutation": frozenset(("set",))}) == [
        "mutation.odd", "new",
    ]  # fmt: skip


def test_every_field_of_the_cases_is_checked(request: pytest.FixtureRequest) -> None:
    """Of the runners that are collected beside this test; each item says the same of its own case."""
    for item in request.session.items:
        mark = item.get_closest_marker("runs_cases")
        if mark is not None and isinstance(item, pytest.Function):
            assert not unchecked(item.callspec.params["case"], *mark.args[1:]), item.nodeid
