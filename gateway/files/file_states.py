"""The states of files as seen from outside: a change of their content shows in them, without reading it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from gateway.files.pattern import Pattern

Watched = Path | Pattern
# Of each path: device, inode, the times of its content and of its inode, and size; None where it is not there.
# Of a folder and of a pattern: that of each of its files.
FileStates = Mapping[Watched, Any]


def file_states(watched: Iterable[Watched], suffixes: Collection[str] = ()) -> FileStates:
    """The state of each of these; of a folder, the files in it with one of `suffixes` count. Links are followed."""
    return {each: _state(each, suffixes) for each in watched}


def _state(path: Watched, suffixes: Collection[str]) -> Any:
    try:
        if isinstance(path, Pattern):
            return [(file, _state(file, suffixes)) for file in path.files()]
        if path.is_dir():
            files = [file for file in sorted(path.iterdir()) if file.suffix in suffixes]
            return [(file.name, _state(file, suffixes)) for file in files]
        about = path.stat()
    except OSError:
        return None
    # Nobody can set the time of an inode (ctime): it also moves where a file gets its old mtime back, or permission to be read.
    return about.st_dev, about.st_ino, about.st_mtime_ns, about.st_ctime_ns, about.st_size
