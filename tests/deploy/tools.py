"""Programs that a test of deploy/ needs and that not every machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def program(name: str, *, package: str) -> str:
    """Where a program is; skips the test where the machine has none, unless CI says that it must."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is needed: apt-get install {package}")
        pytest.skip(f"{name} is not installed here")
    return found


def beside_python(name: str) -> str:
    """A program of the development environment, which is there wherever the tests are."""
    for folder in (
        Path(sys.executable).parent,
        *(Path(each).parent.parent.parent / "bin" for each in sys.path),
    ):
        if (folder / name).exists():
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not there for this machine")
    return found


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(
        [str(each) for each in arguments], capture_output=True, text=True, timeout=60, check=False, **options
    )
