"""Patterns of files below a folder, such as an `include:` names: files may come to fit them later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.files.editor_lock import is_editor_lock


@dataclass(frozen=True, slots=True)
class Pattern:
    """The files below `folder` that fit `glob`."""

    folder: Path
    glob: str

    def files(self) -> list[Path]:
        """The files that fit it at this moment, in alphabetical order. Raises OSError for a folder that goes away meanwhile."""
        return sorted(file for file in self.folder.glob(self.glob) if not is_editor_lock(file))
