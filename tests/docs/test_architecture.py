"""ARCHITECTURE.md is held to the code: its diagram to the import-linter layers, its names and paths to the files.

The paths on the other pages for contributors are checked too.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "gateway"
PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
_DIAGRAM = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./-]*(?:/|\.(?:py|md|toml|yaml|po|css))")


def diagram() -> list[set[str]]:
    """The layers as the page draws them, the highest first."""
    (drawn,) = _DIAGRAM.findall(PAGE)
    rows = [set(re.findall(r"\w+", line)) for line in drawn.splitlines()]
    return [row for row in rows if row]


def contracts() -> list[dict[str, Any]]:
    """What import-linter checks."""
    found = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    return list(found)


def contract() -> list[set[str]]:
    """The layers that import-linter checks, the highest first."""
    (layers,) = [each["layers"] for each in contracts() if each["type"] == "layers"]
    return [set(re.findall(r"gateway\.(\w+)", layer)) for layer in layers]


def rooms() -> set[str]:
    """Every package and root module of the gateway, as the page writes it."""
    packages = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    return packages | {path.name for path in PACKAGE.glob("*.py") if not path.name.startswith("__")}


def test_the_diagram_shows_the_layers_that_are_checked() -> None:
    assert diagram() == contract()


def test_every_room_has_its_layer() -> None:
    assert {room.rstrip("/").removesuffix(".py") for room in rooms()} == set().union(*diagram())


def test_every_room_but_the_door_is_closed_to_policies() -> None:
    (closed,) = [
        each["forbidden_modules"] for each in contracts() if each.get("source_modules") == ["plugins"]
    ]
    inside = {room.rstrip("/").removesuffix(".py") for room in rooms()} - {"plugin"}
    assert {f"gateway.{room}" for room in inside} == {each for each in closed if each != "simulator"}


@pytest.mark.parametrize("room", sorted(rooms()))
def test_every_room_is_named(room: str) -> None:
    assert re.search(rf"^\| `{re.escape(room)}` \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize(
    "page", ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs/design.md", "docs/glossary.md"]
)
def test_every_path_exists(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    paths = {code for code in _CODE.findall(text) if _PATH.fullmatch(code) and "NAME" not in code}
    assert paths
    assert [path for path in sorted(paths) if not ((ROOT / path).exists() or (PACKAGE / path).exists())] == []
