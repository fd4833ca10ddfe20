"""The shape of the repository: small modules, plain names, and pages whose links lead somewhere."""

from __future__ import annotations

import ast
import re
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    if (ROOT / name).is_file()
]
CODE = [path for path in FILES if path.suffix == ".py" and path.parts[len(ROOT.parts)] != "tests"]
PAGES = [path for path in FILES if path.suffix == ".md"]
MOST_LINES, USUAL_LINES, LONGEST_FUNCTION = 350, 300, 50
SAYS_NOTHING = frozenset(("util", "utils", "helper", "helpers", "common", "base", "manager", "misc"))
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lines_of(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_modules_are_small_and_named_for_what_they_do() -> None:
    for path in CODE:
        assert lines_of(path) <= MOST_LINES, name(path)
        assert not SAYS_NOTHING & set(path.relative_to(ROOT).with_suffix("").parts), name(path)


def test_nearly_all_modules_are_smaller_still() -> None:
    large = [name(path) for path in CODE if lines_of(path) > USUAL_LINES]
    assert len(large) <= len(CODE) // 20, large


def test_functions_are_short() -> None:
    # The docstring of a command is its help, with examples and exit codes.
    lengths = {
        (name(path), node.name): (node.end_lineno or 0)
        - node.lineno
        + 1
        - len((ast.get_docstring(node) or "").splitlines())
        for path in CODE
        if path.is_relative_to(ROOT / "gateway")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not {where: length for where, length in lengths.items() if length > LONGEST_FUNCTION}


def test_modules_say_what_they_are_for() -> None:
    for path in CODE:
        text = path.read_text("utf-8")
        assert not text.strip() or text.startswith(('"""', "#!")), name(path)


def test_links_lead_somewhere() -> None:
    for path in PAGES:
        for target in LINK.findall(path.read_text("utf-8")):
            if not re.match(r"[a-z]+:", target):
                assert (path.parent / target).exists(), (name(path), target)


def test_decisions_are_numbered_once() -> None:
    numbers = [path.name[:4] for path in PAGES if path.parent.name == "decisions"]
    assert len(numbers) == len(set(numbers))
    assert all(number.isdigit() for number in numbers)


def test_the_project_names_no_place_where_it_was_made() -> None:
    places = re.compile(
        r"\.\./sha[r]ed|sha[r]ed/[a-z]|/w[o]rk/|/r[o]ot/|/h[o]me/(?!runner)|/tmp/(?!gw|x)[a-z]+/"
    )
    for path in FILES:
        text = path.read_bytes().decode("utf-8", "replace")
        found = places.search(text)
        assert found is None, f"{name(path)} names {found[0]}" if found else ""


@pytest.mark.parametrize("path", [path for path in CODE if path.parent.name == "benchmarks"], ids=name)
def test_benchmarks_still_know_the_code_that_they_measure(path: Path) -> None:
    import_module(f"benchmarks.{path.stem}")
