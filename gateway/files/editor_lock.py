"""Tells what an editor leaves beside a file that somebody changes from the files that are meant."""

from __future__ import annotations

from pathlib import Path


def is_editor_lock(path: Path) -> bool:
    """Whether this says who edits a file: Emacs makes a link `.#NAME` to nowhere until the file is saved."""
    return path.name.startswith(".#") and path.is_symlink() and not path.exists()
