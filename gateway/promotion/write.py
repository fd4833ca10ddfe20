"""Writes the files of a promotion: all of them, or none; owners and modes stay as they are."""

from __future__ import annotations

import contextlib
import difflib
import fcntl
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Files = Mapping[Path, bytes | None]


def write_obstacles(files: Files, root: Path) -> Iterator[str]:
    """Why these files cannot be written here, with what to do. `root` is the folder of the configuration."""
    for path in files:
        for each in (path, *(parent for parent in path.parents if parent.is_relative_to(root))):
            if each.is_symlink():
                yield (
                    f"{each} is a symbolic link to {each.readlink()}, as in a Kubernetes ConfigMap: what is written here is"
                    " lost with the next version. Promote in the repository that it is made from, or take the diff of"
                    " --dry-run there"
                )
                break
        else:
            folder = next(parent for parent in path.parents if parent.exists())
            if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
                yield f"{path} cannot be written by this user"


def unified_diff(files: Files) -> str:
    """The change to all files, as `diff -u` shows it."""
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for path, after in files.items()
        for line in difflib.unified_diff(
            _lines(path.read_bytes() if path.exists() else b""),
            _lines(after or b""),
            str(path) if path.exists() else "/dev/null",
            str(path) if after is not None else "/dev/null",
        )
    )


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8-sig", "replace").splitlines(keepends=True)


def write_files(files: Files, read: Mapping[Path, bytes], journal: Path, entry: Mapping[str, Any]) -> None:
    """Add the entry to the journal and put the files in place. Raises ValueError; then all is as it was.

    `read` is what the files were when the promotion was worked out: a file that changed since is refused.
    """
    try:
        with _folder_locked(journal.parent):
            for path in {*files, *read}:
                if (path.read_bytes() if path.exists() else None) != read.get(path):
                    raise ValueError(f"{path} changed meanwhile")
            ready = {path: _fresh(path) for path, content in files.items() if content is not None}
            try:
                for path in ready:
                    _prepared(path, files[path] or b"")
                before = _added(journal, entry)
                _replace(files, ready, read, journal, before)
            finally:
                for fresh in ready.values():
                    fresh.unlink(missing_ok=True)
    except OSError as problem:
        raise ValueError(f"cannot write: {problem.filename or journal}: {problem.strerror}") from problem


def _replace(
    files: Files, ready: Mapping[Path, Path], read: Mapping[Path, bytes], journal: Path, before: int | None
) -> None:
    done: list[Path] = []
    try:
        # What is new comes first, the file that includes it last: a gateway that reads in between finds what it needs.
        for path in sorted(files, key=lambda each: (files[each] is None, each in read)):
            if path in ready:
                ready[path].replace(path)
            else:
                path.unlink()
            done.append(path)
    except OSError:
        for path in done:
            content = read.get(path)
            if content is None:
                path.unlink()
            else:
                _prepared(path, content).replace(path)
        _cut(journal, before)
        raise


def _fresh(path: Path) -> Path:
    return path.with_name(f".{path.name}.promoted")


def _prepared(path: Path, content: bytes) -> Path:
    """The content in a file beside its place, with the owner and mode of what is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = _fresh(path)
    fresh.unlink(missing_ok=True)
    like = path if path.exists() else next(path.parent.glob("*.y*ml"), None)
    mode = stat.S_IMODE(like.stat().st_mode) if like is not None else 0o640
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if like is not None:
            with contextlib.suppress(PermissionError):
                about = like.stat()
                os.fchown(file.fileno(), about.st_uid, about.st_gid)
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return fresh


def _added(journal: Path, entry: Mapping[str, Any]) -> int | None:
    """Add a line to the journal; its size before, None where there was none. Raises OSError; then it is as it was."""
    before = journal.stat().st_size if journal.exists() else None
    try:
        with journal.open("ab") as file:
            file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        # On a full disk half a line would stay.
        with contextlib.suppress(OSError):
            _cut(journal, before)
        raise
    return before


def _cut(journal: Path, before: int | None) -> None:
    if before is None:
        journal.unlink()
    else:
        os.truncate(journal, before)


@contextlib.contextmanager
def _folder_locked(folder: Path) -> Iterator[None]:
    """Only one promotion at a time writes into this folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
