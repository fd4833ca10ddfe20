"""A folder that this account may not enter, also where it is that of root, which may everything."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest


def closed(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let the system refuse all that is below this folder."""

    def refusing(call: Any) -> Any:
        def called(path: Any, *arguments: Any, **options: Any) -> Any:
            if isinstance(path, str | Path) and folder in (Path(path), *Path(path).parents):
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return call(path, *arguments, **options)

        return called

    for name in ("open", "stat", "listdir", "scandir"):
        patch.setattr(os, name, refusing(getattr(os, name)))
