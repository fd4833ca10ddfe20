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

from gateway.api import Policy


class PluginError(ValueError):
    """A place whose policies cannot be used; the words say why. `place` is as the configuration names it."""

    def __init__(self, place: str, words: str) -> None:
        self.place = place
        super().__init__(words)


def load_policies(places: Sequence[str], folder: Path) -> Mapping[str, type[Policy]]:
    """The policies by name. Directories start at `folder`.

    Raises PluginError for a place that is not there, a module that cannot be imported, a file without a policy,
    and a name that two policies have.
    """
    found: dict[str, type[Policy]] = {}
    for place in places:
        for module in _modules(place, folder):
            policies = [
                member
                for _, member in inspect.getmembers(module, inspect.isclass)
                if issubclass(member, Policy) and member.__module__ == module.__name__ and member.policy_name
            ]
            if not policies and not hasattr(module, "__path__"):
                raise PluginError(place, f"{module.__file__} defines no policy: class Name(Policy, name=...)")
            for policy in policies:
                other = found.get(policy.policy_name)
                if other is not None and other is not policy:
                    raise PluginError(
                        place,
                        f"two policies are named {policy.policy_name!r}: {_file(other)} and {_file(policy)}",
                    )
                if inspect.isabstract(policy) or policy.decide is Policy.decide:
                    raise PluginError(
                        place, f"policy {policy.policy_name!r} in {_file(policy)} has no decide()"
                    )
                found[policy.policy_name] = policy
    return found


def _file(policy: type[Policy]) -> str:
    return inspect.getfile(policy)


def _modules(place: str, folder: Path) -> Iterator[ModuleType]:
    if "/" in place or place.startswith("."):
        directory = (folder / place).resolve()
        if not directory.is_dir():
            raise PluginError(place, f"{directory} is not a folder")
        for file in sorted(directory.glob("*.py")):
            if file.name != "__init__.py":
                yield _import_file(place, file)
        return
    try:
        module = importlib.import_module(place)
        yield module
        for info in pkgutil.iter_modules(getattr(module, "__path__", [])):
            yield importlib.import_module(f"{place}.{info.name}")
    except Exception as problem:
        raise PluginError(place, f"cannot import {place}: {type(problem).__name__}: {problem}") from problem


def _import_file(place: str, file: Path) -> ModuleType:
    name = f"toegangspoort_policy_{abs(hash(str(file.parent))):x}_{file.stem}"
    known = sys.modules.get(name)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PluginError(place, f"cannot import {file}")
    if known is not None and getattr(known, "__mtime__", None) == file.stat().st_mtime_ns:
        return known
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as problem:
        del sys.modules[name]
        raise PluginError(place, f"cannot import {file}: {type(problem).__name__}: {problem}") from problem
    module.__mtime__ = file.stat().st_mtime_ns  # type: ignore[attr-defined]
    return module
