"""Reads a file of cases, with every `*_parts` list expanded to one text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def load(path: Path) -> list[dict[str, Any]]:
    """The cases of one file; texts in them stand for octets (latin-1)."""
    content = json.loads(path.read_text("utf-8"))
    cases: list[dict[str, Any]] = next(value for value in content.values() if isinstance(value, list))
    for case in cases:
        for key in [key for key in case if key.endswith("_parts")]:
            case[key.removesuffix("_parts")] = "".join(map(_expand, case[key]))
    return cases


def _expand(part: Any) -> str:
    if isinstance(part, str):
        return part
    if "repeat" in part:
        return str(part["repeat"]) * int(part["times"])
    return "".join(part["format"] % number for number in range(part["count"]))
