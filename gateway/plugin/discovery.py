"""Finds policy modules in the places that the configuration names; nothing gets a say by being installed.

A place is a directory with one policy a file, or an importable module or package.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

from gateway.plugin.contract import Policy


class PluginError(ValueError):
    """A place whose policies cannot be used; the words say why. `place` is as the configuration names it."""

    def __init__(self, place: str, words: str) -> None:
        self.place = place
        super().__init__(words)


def load_policies(places: Sequence[str], folder: Path) -> Mapping[str, type[Policy]]:
    """The policies by name. Directories start at `folder`. Raises PluginError for the first place with a fault."""
    found, faults = find_policies(places, folder)
    if faults:
        raise faults[0]
    return found


def find_policies(
    places: Sequence[str], folder: Path
) -> tuple[Mapping[str, type[Policy]], tuple[PluginError, ...]]:
    """The policies by name, and every fault.

    A fault is a place that is not there, a module that cannot be imported, a file without a policy, a policy without
    decide(), and a name that two policies have.
    """
    found: dict[str, type[Policy]] = {}
    faults: list[PluginError] = []
    for place in places:
        for module in _modules(place, folder):
            if isinstance(module, PluginError):
                faults.append(module)
                continue
            policies = [
                member
                for _, member in inspect.getmembers(module, inspect.isclass)
                if issubclass(member, Policy) and member.__module__ == module.__name__ and member.policy_name
            ]
            if not policies and not hasattr(module, "__path__"):
                words = f"{module.__file__} defines no policy: class Name(Policy, name=...)"
                faults.append(PluginError(place, words))
            for policy in policies:
                name = policy.policy_name
                other = found.setdefault(name, policy)
                if other is not policy:
                    words = f"two policies are named {name!r}: {_file(other)} and {_file(policy)}"
                    faults.append(PluginError(place, words))
                elif inspect.isabstract(policy) or policy.decide is Policy.decide:
                    faults.append(PluginError(place, f"policy {name!r} in {_file(policy)} has no decide()"))
    return found, tuple(faults)


def place_in(place: str, folder: Path) -> Path | None:
    """The directory that a place names, starting at `folder`; None for an importable module."""
    return (folder / place).resolve() if "/" in place or place.startswith(".") else None


def _file(policy: type[Policy]) -> str:
    return inspect.getfile(policy)


def _modules(place: str, folder: Path) -> Iterator[ModuleType | PluginError]:
    directory = place_in(place, folder)
    if directory is not None:
        if not directory.is_dir():
            yield PluginError(place, f"{directory} is not a folder")
            return
        for file in sorted(directory.glob("*.py")):
            if file.name != "__init__.py":
                yield _import_file(place, file)
        return
    module = _import_module(place, place)
    yield module
    if not isinstance(module, PluginError):
        for info in pkgutil.iter_modules(getattr(module, "__path__", [])):
            yield _import_module(place, f"{place}.{info.name}")


def _import_module(place: str, name: str) -> ModuleType | PluginError:
    try:
        return importlib.import_module(name)
    except Exception as problem:  # noqa: BLE001 - whatever a module of somebody else's raises
        return PluginError(place, f"cannot import {name}: {type(problem).__name__}: {problem}")


def _import_file(place: str, file: Path) -> ModuleType | PluginError:
    name = f"toegangspoort_policy_{abs(hash(str(file.parent))):x}_{file.stem}"
    known = sys.modules.get(name)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        return PluginError(place, f"cannot import {file}")
    if known is not None and getattr(known, "__mtime__", None) == file.stat().st_mtime_ns:
        return known
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # The docstrings of options are found by file: not through another module that was imported from the same one.
    inspect.modulesbyfile.pop(str(file), None)
    try:
        spec.loader.exec_module(module)
    except Exception as problem:  # noqa: BLE001 - whatever a module of somebody else's raises
        del sys.modules[name]
        return PluginError(place, f"cannot import {file}: {type(problem).__name__}: {problem}")
    module.__mtime__ = file.stat().st_mtime_ns  # type: ignore[attr-defined]
    return module
