"""What `gateway.plugin` exports: sorted, all of it documented for policy authors, and enough for the shipped policies."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gateway.plugin
from tests.processes import ROOT

GUIDE = (ROOT / "docs/writing-a-policy.md").read_text("utf-8")
POLICIES = sorted((*ROOT.glob("plugins/*.py"), *ROOT.glob("examples/plugins/*.py")))


def test_the_list_is_complete_and_sorted() -> None:
    listed = gateway.plugin.__all__
    assert listed == sorted(listed, key=lambda name: (not name.isupper(), name[:1].islower(), name))
    tree = ast.parse(Path(gateway.plugin.__file__).read_text("utf-8"))
    imported = [name.name for node in tree.body if isinstance(node, ast.ImportFrom) for name in node.names]
    assert sorted(imported) == sorted(listed)


@pytest.mark.parametrize("name", gateway.plugin.__all__)
def test_everything_is_in_the_guide(name: str) -> None:
    assert f"`{name}`" in GUIDE.partition("## Everything in `gateway.plugin`")[2]


def test_the_guide_lists_nothing_else() -> None:
    table = GUIDE.partition("## Everything in `gateway.plugin`")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    listed = [name.strip(" `") for row in rows for name in row.split(",")]
    assert sorted(listed) == sorted(gateway.plugin.__all__)


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_policies_import_nothing_else_of_the_gateway(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [name.name for name in node.names] if isinstance(node, ast.Import) else []
        for module in modules:
            assert module == "gateway.plugin" or module.partition(".")[0] not in {"gateway", "plugins"}
