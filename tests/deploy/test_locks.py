"""The lock files name what pyproject.toml asks for, each with its hashes, and agree with one another."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.lock", "deploy/run.lock", "deploy/build.lock")
_ENTRY = re.compile(
    r"^(?P<requirement>[^\s#].*?) \\\n(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M
)


def group(name: str) -> list[str]:
    """The requirements of a dependency group, those of included groups too."""
    found: list[str] = []
    for each in PROJECT["dependency-groups"][name]:
        found += [each] if isinstance(each, str) else group(each["include-group"])
    return found


def locked(name: str) -> dict[tuple[str, str], tuple[Requirement, frozenset[str]]]:
    """By name and version: each requirement with its hashes. Every line of the file belongs to one."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / name).read_text(), flags=re.M)
    assert _ENTRY.sub("", text).strip() == ""
    found = {}
    for entry in _ENTRY.finditer(text):
        requirement = Requirement(entry["requirement"])
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        found[canonicalize_name(requirement.name), pin.version] = (
            requirement, frozenset(re.findall(r"[0-9a-f]{64}", entry["hashes"])),
        )  # fmt: skip
    return found


def here(name: str) -> dict[str, str]:
    """By package, the version that the lock file names for this machine."""
    return {
        package: version
        for (package, version), (requirement, _) in locked(name).items()
        if requirement.marker is None or requirement.marker.evaluate()
    }


def needed(requirements: Iterable[str], seen: set[tuple[str, str]]) -> Iterator[str]:
    """The packages that these requirements need on this machine, and those that they need, as they are installed."""
    for text in requirements:
        requirement = Requirement(text)
        for extra in {"", *requirement.extras}:
            name = canonicalize_name(requirement.name)
            if (name, extra) in seen or (
                requirement.marker and not requirement.marker.evaluate({"extra": ""})
            ):
                continue
            seen.add((name, extra))
            yield name
            try:
                inner = distribution(name).requires or []
            except PackageNotFoundError:
                continue
            meant = [
                each
                for each in map(Requirement, inner)
                if not each.marker or each.marker.evaluate({"extra": extra})
            ]
            yield from needed([re.sub(r";.*", "", str(each)) for each in meant], seen)


@pytest.mark.parametrize(
    ("name", "requirements"),
    [
        ("requirements.lock", [*PROJECT["project"]["dependencies"], *group("dev")]),
        ("deploy/run.lock", PROJECT["project"]["dependencies"]),
        ("deploy/build.lock", group("build")),
    ],
)
def test_what_the_project_asks_for_is_locked(name: str, requirements: list[str]) -> None:
    found = here(name)
    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate():
            version = found.get(canonicalize_name(requirement.name))
            assert version is not None, f"{name} lacks {text}: run make lock"
            assert requirement.specifier.contains(Version(version)), (
                f"{name} has {version} for {text}: run make lock"
            )
    assert set(needed(requirements, set())) <= set(found), (
        f"{name} lacks what its packages need: run make lock"
    )


def test_what_runs_is_what_is_tested() -> None:
    tested = locked("requirements.lock")
    for name in LOCKS[1:]:
        for key, (_, hashes) in locked(name).items():
            assert key in tested, f"{name} has {key}, requirements.lock has not: run make lock"
            assert hashes == tested[key][1]


def test_nothing_runs_that_only_tests_need() -> None:
    assert set(here("deploy/run.lock")) == set(needed(PROJECT["project"]["dependencies"], set()))


def test_installing_checks_the_hashes() -> None:
    makefile, dockerfile = (ROOT / "Makefile").read_text(), (ROOT / "Dockerfile").read_text()
    assert "--require-hashes -r requirements.lock" in makefile
    assert "--require-hashes -r deploy/run.lock" in dockerfile
    assert "--require-hashes -r deploy/build.lock" in dockerfile
