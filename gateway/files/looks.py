"""Says what files look like from outside, by which a change of their content is noticed without reading it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from gateway.files.pattern import Pattern

Watched = Path | Pattern
# Of each path: device, inode, the times of its content and of its inode, and size; None where it is not there.
# Of a folder and of a pattern: that of each of its files.
Looks = Mapping[Watched, Any]


def looks(watched: Iterable[Watched], suffixes: Collection[str] = ()) -> Looks:
    """What each of these looks like; of a folder the files in it with one of `suffixes` count. Links are followed."""
    return {each: _look(each, suffixes) for each in watched}


def _look(path: Watched, suffixes: Collection[str]) -> Any:
    try:
        if isinstance(path, Pattern):
            return [(file, _look(file, suffixes)) for file in path.files()]
        if path.is_dir():
            files = [file for file in sorted(path.iterdir()) if file.suffix in suffixes]
            return [(file.name, _look(file, suffixes)) for file in files]
        about = path.stat()
    except OSError:
        return None
    # Nobody sets the time of an inode: it moves where a file gets its old time back, or may be read at last.
    return about.st_dev, about.st_ino, about.st_mtime_ns, about.st_ctime_ns, about.st_size
