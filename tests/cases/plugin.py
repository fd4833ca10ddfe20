"""The hooks of pytest by which `--cases=DIR` runs the cases of a folder, one item per case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cases.load import HERE
from tests.cases.runners import cases_of, cases_of_nobody, unchecked

NOBODY = "no_runner_takes"


def add_option(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cases",
        metavar="DIR",
        help="run nothing but the cases in the *-cases.json files of this folder; one that has no runner fails",
    )


def configure(config: pytest.Config) -> None:
    """Register the marks; raises UsageError for a folder without cases."""
    config.addinivalue_line("markers", "runs_cases: one item per case of a runner (tests/cases/runners.py)")
    config.addinivalue_line("markers", f"{NOBODY}: one item per case that no runner takes")
    if config.getoption("cases") and not any(folder_of(config).glob("*-cases.json")):
        raise pytest.UsageError(f"--cases: no *-cases.json in {folder_of(config)}")


def folder_of(config: pytest.Config) -> Path:
    """Where the cases are: the folder of `--cases`, or that of the project."""
    chosen = config.getoption("cases")
    return config.invocation_params.dir / chosen if chosen else HERE


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    folder = folder_of(metafunc.config)
    mark = metafunc.definition.get_closest_marker("runs_cases")
    if mark is not None:
        cases = cases_of(mark.args[0], folder)
        metafunc.parametrize("case", cases, ids=[str(case["id"]) for case in cases])
    elif metafunc.definition.get_closest_marker(NOBODY) is not None:
        left = cases_of_nobody(folder)
        names = [f"{file.removesuffix('-cases.json')}-{case['id']}" for file, case in left]
        metafunc.parametrize("case", [case for _, case in left], ids=names)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--cases` nothing but cases; a runner or file that has none is no item either."""
    kept, dropped = [], []
    for item in items:
        ours = any(item.get_closest_marker(name) for name in ("runs_cases", NOBODY))
        case = _case(item)
        # pytest makes one skipped item of a test that has no cases.
        (kept if (case is not None if ours else not config.getoption("cases")) else dropped).append(item)
    items[:] = kept
    if dropped:
        config.hook.pytest_deselected(items=dropped)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Fail an item whose case has a field that its runner doesn't check."""
    mark = pyfuncitem.get_closest_marker("runs_cases")
    if mark is not None and (names := unchecked(_case(pyfuncitem), *mark.args[1:])):
        pytest.fail(f"the runner doesn't check {', '.join(names)}", pytrace=False)


def _case(item: pytest.Item) -> Any:
    found = (
        item.callspec.params.get("case")
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else None
    )
    return found if isinstance(found, dict) else None
