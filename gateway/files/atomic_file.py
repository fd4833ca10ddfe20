"""Files that are replaced as a whole: whoever reads one sees it before or after the change, never half of it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_OWNER_ONLY: Final = 0o600
_MOST_OPEN: Final = 0o640


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else changes this file in the block: there is a lock beside it. Raises OSError."""
    descriptor = _lock(path.with_name(f"{path.name}.lock"), path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _lock(lock: Path, path: Path) -> int:
    """Its descriptor. A new one is of the file's owner, who may change the file after root has."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    except FileExistsError:
        return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    with contextlib.suppress(FileNotFoundError, PermissionError):
        _give(descriptor, path)
    return descriptor


def _give(descriptor: int, path: Path) -> os.stat_result:
    """Let this new file have the owner and group of `path`, or else of its folder. What it has for a name may be another one by now."""
    about = path.stat() if path.exists() else path.parent.stat()
    os.fchown(descriptor, about.st_uid, about.st_gid)
    return about


def replace(path: Path, content: bytes) -> None:
    """Put this content in place of the file. Raises OSError, also for a device, pipe or folder; then it is as it was.

    A new file is readable by its owner only; another one keeps its owner and group, and at most its group may read it.
    """
    path = Path(os.path.realpath(path))
    if path.is_symlink():  # to itself, or in a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    fresh = path.with_name(f"{path.name}.new")
    with _alone(path.parent):
        fresh.unlink(missing_ok=True)
        try:
            _write(fresh, path, content)
            fresh.replace(path)
        except OSError:
            # On a full disk half of it would stay in the way.
            fresh.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process replaces a file of this folder in the block: two workers that start would take each other's new file away."""
    descriptor = None
    # Some file systems know no locks of folders.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _write(fresh: Path, path: Path, content: bytes) -> None:
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        # A gateway that runs under another user than the operator must still be able to read it.
        with contextlib.suppress(FileNotFoundError, PermissionError):
            about = _give(descriptor, path)
            if stat.S_ISREG(about.st_mode):
                os.fchmod(file.fileno(), _OWNER_ONLY | about.st_mode & _MOST_OPEN)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
