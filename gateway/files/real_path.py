"""Where a path leads through symbolic links."""

from __future__ import annotations

import os
from pathlib import Path


def real_path(path: Path) -> Path:
    """The path without links and dots. Links in a circle stay as they are, so that opening it says so.

    `Path.resolve` raises RuntimeError for those until Python 3.12.
    """
    return Path(os.path.realpath(path))
