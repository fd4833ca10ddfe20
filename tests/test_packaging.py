"""The wheel: only the package, with the shipped policies in it, and a gateway that runs without the source checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
import typer

from tests.deploy.tools import beside_python
from tests.processes import ROOT


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, arguments)), cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_alone(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"gateway", f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"}
    shipped = {Path(name).name for name in names if name.startswith("gateway/shipped_policies/")}
    assert shipped == {path.name for path in ROOT.glob("plugins/*.py")}
    assert not [name for name in names if "__pycache__" in name]


def test_it_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """In a bare environment, where what the gateway depends on is all that can be imported besides."""
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv", cwd=tmp_path)
    python, uv = tmp_path / "venv/bin/python", beside_python("uv")
    done = run(uv, "pip", "install", "--python", python, "--no-deps", "--offline", wheel, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (site,) = (tmp_path / "venv/lib").glob("python3*/site-packages")
    (site / "dependencies.pth").write_text(str(Path(typer.__file__).parent.parent))

    gateway = tmp_path / "venv/bin/gateway"
    version = run(gateway, "version", cwd=tmp_path)
    assert version.returncode == 0, version.stderr
    validated = run(gateway, "config", "validate", "--strict", ROOT / "config.yaml", cwd=tmp_path)
    assert validated.returncode == 0, validated.stderr
    asked = "import gateway; print(gateway.__file__)"
    assert Path(run(python, "-c", asked, cwd=tmp_path).stdout.strip()).is_relative_to(site)
