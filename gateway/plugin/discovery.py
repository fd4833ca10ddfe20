"""Finds policies: the shipped ones, and those in the folders and modules that the configuration names.

Shipped policies are always available. Others must be named: installing a package makes none of its policies available.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import linecache
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

from gateway.files.editor_lock import is_editor_lock
from gateway.files.plain_file import read_plain
from gateway.files.real_path import real_path
from gateway.plugin.contract import Policy

READING: Final = "toegangspoort.reading"
"""The audit event (`sys.audit`) of a step in reading a configuration, with the file and line that it is about."""


_DIGITS: Final = 13
# In an importable module: its text when this process first saw it, which goes on whatever the file says later.
_TEXT: Final = "__toegangspoort_text__"


class PluginError(ValueError):
    """A source of policies that cannot be used, and why. `source` is the folder or module as the configuration names it."""

    def __init__(self, source: str, message: str) -> None:
        self.source = source
        super().__init__(message)


def load_policies(sources: Sequence[str] = (), folder: Path = Path()) -> Mapping[str, type[Policy]]:
    """All policies by name: the shipped ones and those of `sources`. Raises PluginError for the first fault."""
    found, faults = find_policies(sources, folder)
    if faults:
        raise faults[0]
    return found


def find_policies(
    sources: Sequence[str], folder: Path
) -> tuple[Mapping[str, type[Policy]], tuple[PluginError, ...]]:
    """All policies by name, and every fault in `sources`.

    A source is a folder, relative to `folder`, with policies in its Python files; or an importable module or package.
    Faults: a source that does not exist, a module that cannot be imported, a file without a policy, a policy without
    decide(), and a name that another policy has already. Shipped policies that are found again are skipped.
    """
    found = {policy.policy_name: policy for policy in _shipped()}
    faults: list[PluginError] = []
    for source in sources:
        for module in _modules(source, folder):
            if isinstance(module, PluginError):
                faults.append(module)
            else:
                faults.extend(PluginError(source, message) for message in _add(module, found))
    return found, tuple(faults)


def source_folder(source: str, folder: Path) -> Path | None:
    """The folder that a source names, relative to `folder`; None where it names an importable module."""
    return real_path(folder / source) if "/" in source or source.startswith(".") else None


def policy_code(policies: Iterable[type[Policy]]) -> str:
    """A short hash of the text of all modules with these policies that are not shipped; `none` where there are none.

    Say it when they were found: a module that is imported again takes the place of the one before.
    """
    modules = {each.__module__: sys.modules.get(each.__module__) for each in policies}
    texts = {name: _text_of(module) for name, module in modules.items() if module is not None}
    found = sorted(hashlib.sha256(text).digest() for text in texts.values() if text is not None)
    return hashlib.sha256(b"".join(found)).hexdigest()[:_DIGITS] if found else "none"


def _text_of(module: ModuleType) -> bytes | None:
    """What was imported; None for a shipped policy."""
    file = getattr(module, "__file__", None)
    if file is not None and Path(file).parent == shipped_folder():
        return None
    loader = module.__loader__
    text = loader.text if isinstance(loader, _TextLoader) else vars(module).get(_TEXT)
    return text if isinstance(text, bytes) else b""


def _file_text(module: ModuleType) -> bytes:
    """The text of a module that was just imported; empty where it is in no file of its own."""
    file = getattr(module, "__file__", None)
    try:
        return read_plain(Path(file)) if file is not None else b""
    except OSError:
        return b""


def is_foreign(source: str, folder: Path) -> bool:
    """Whether a source has more than shipped policies, so that to import it can do anything."""
    directory = source_folder(source, folder)
    return directory is None or any(not _is_shipped(file) for file in _python_files(directory))


def shipped_folder() -> Path:
    """Where the shipped policies are: inside the package, or at the top of a source checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "shipped_policies"
    return installed if installed.is_dir() else package.parent / "plugins"


def _shipped() -> Iterator[type[Policy]]:
    for file in _python_files(shipped_folder()):
        # Like all code of the gateway they change with a restart, not with a reload of the rules.
        yield from _defined_in(sys.modules.get(_module_name(file)) or _execute(file, read_plain(file)))


def _is_shipped(file: Path) -> bool:
    """Whether this is the file of a shipped policy, or an exact copy of it."""
    original = shipped_folder() / file.name
    try:
        return original.is_file() and original.read_bytes() == file.read_bytes()
    except OSError:
        return False


def _add(module: ModuleType, found: dict[str, type[Policy]]) -> Iterator[str]:
    """Add the policies of a module to those that were found; yields what is wrong with them."""
    policies = _defined_in(module)
    if not policies and not hasattr(module, "__path__"):
        yield f"{module.__file__} defines no policy: class Name(Policy, name=...)"
    for policy in policies:
        name, file = policy.policy_name, inspect.getfile(policy)
        other = found.setdefault(name, policy)
        if other is policy:
            if inspect.isabstract(policy) or policy.decide is Policy.decide:
                yield f"policy {name!r} in {file} has no decide()"
        elif Path(inspect.getfile(other)).parent == shipped_folder():
            yield (
                f"{file} defines a policy {name!r}, which is the name of a shipped policy: give it another name; "
                "or remove it, because shipped policies are always available"
            )
        else:
            yield f"two policies are named {name!r}: {inspect.getfile(other)} and {file}"


def _defined_in(module: ModuleType) -> list[type[Policy]]:
    return [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Policy) and member.__module__ == module.__name__ and member.policy_name
    ]


def _modules(source: str, folder: Path) -> Iterator[ModuleType | PluginError]:
    """The modules of a source, without those of shipped policies."""
    directory = source_folder(source, folder)
    if directory is not None:
        if not directory.is_dir():
            words = (
                f"{directory} is not a folder (shipped policies are always available and need no folder here)"
            )
            yield PluginError(source, words)
            return
        for file in _python_files(directory):
            if not _is_shipped(file):
                yield _import_file(source, file)
        return
    module = _import_module(source, source)
    if isinstance(module, PluginError):
        yield module
        return
    parts = [f"{source}.{info.name}" for info in pkgutil.iter_modules(getattr(module, "__path__", []))]
    for found in (module, *(_import_module(source, name) for name in parts)):
        file_name = getattr(found, "__file__", None)
        if file_name is None or not _is_shipped(Path(file_name)):
            yield found


def _python_files(folder: Path) -> list[Path]:
    found = (file for file in folder.glob("*.py") if file.name != "__init__.py")
    return sorted(file for file in found if not is_editor_lock(file))


def _import_module(source: str, name: str) -> ModuleType | PluginError:
    sys.audit(READING, name, 1)
    try:
        module = importlib.import_module(name)
        if _TEXT not in vars(module):
            vars(module)[_TEXT] = _file_text(module)
        return module
    except BaseException as problem:  # noqa: BLE001 - a module of somebody else may raise anything
        return _refused(source, name, problem)


def _import_file(source: str, file: Path) -> ModuleType | PluginError:
    sys.audit(READING, str(file), 1)
    try:
        text = read_plain(file)
        known = sys.modules.get(_module_name(file))
        if known is not None and isinstance(known.__loader__, _TextLoader) and known.__loader__.text == text:
            return known
        return _execute(file, text)
    except BaseException as problem:  # noqa: BLE001 - a module of somebody else may raise anything
        return _refused(source, file, problem)


def _refused(source: str, what: object, problem: BaseException) -> PluginError:
    """The fault of a module that cannot be imported. Ctrl-C goes on."""
    if isinstance(problem, KeyboardInterrupt):
        raise problem
    words = f"{type(problem).__name__}: {problem}"
    if isinstance(problem, SystemExit):
        words = f"it calls sys.exit({problem.code!r}), which would end the gateway: leave that out"
    return PluginError(source, f"cannot import {what}: {words}")


def _module_name(file: Path) -> str:
    return f"toegangspoort_policy_{abs(hash(str(file.parent))):x}_{file.stem}"


class _TextLoader(SourceFileLoader):
    """Imports a file by its text alone. A `.pyc` counts by the second and the size of its source: it may be of another text."""

    def __init__(self, name: str, file: Path, text: bytes) -> None:
        super().__init__(name, str(file))
        self.text = text

    def get_code(self, fullname: str) -> CodeType:
        """The code of the text."""
        code: CodeType = self.source_to_code(self.text, self.path)
        return code


def _execute(file: Path, text: bytes) -> ModuleType:
    name = _module_name(file)
    spec = importlib.util.spec_from_file_location(name, file, loader=_TextLoader(name, file, text))
    if spec is None or spec.loader is None:
        raise ImportError("not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # pydantic finds the docstrings of options by file: not through another module that was imported from the same one.
    inspect.modulesbyfile.pop(str(file), None)
    linecache.cache.pop(str(file), None)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
