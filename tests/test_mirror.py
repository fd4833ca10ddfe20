"""Each module has its test where one looks for it: gateway/AREA/MODULE.py in tests/AREA/test_MODULE.py."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "gateway").rglob("*.py"))


def mirror(module: Path) -> Path:
    """Where the test of a module belongs."""
    inside = module.relative_to(ROOT / "gateway")
    return ROOT / "tests" / inside.with_name(f"test_{inside.stem.strip('_')}.py")


def does_something(module: Path) -> bool:
    """Whether there is a function with a body: values, shapes and protocols are tested by what uses them."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = [
                each
                for each in node.body
                if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
            ]
            if body:
                return True
    return False


def test_every_module_has_its_test() -> None:
    # The settings of an area are tested with the file that they come from, in tests/config.
    missing = [
        f"{module.relative_to(ROOT)} has no {mirror(module).relative_to(ROOT)}"
        for module in MODULES
        if not module.stem.startswith("__") and module.stem != "settings"
        if not mirror(module).exists() and does_something(module)
    ]
    assert not missing, "\n".join(["", *missing])


def test_no_two_tests_of_one_name_in_a_folder_that_has_no_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]
