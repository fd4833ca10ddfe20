"""Rows of CSV files as Excel in Belgium opens them, with cells that no spreadsheet runs as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

_RUNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
MARK: Final = "\ufeff"
"""The byte order mark, with which a file begins."""


def row(cells: Iterable[str]) -> str:
    """One line: semicolons, quotes as in RFC 4180, every cell harmless."""
    line = io.StringIO()
    csv.writer(line, delimiter=";", lineterminator="\r\n").writerow([harmless(cell) for cell in cells])
    return line.getvalue()


def harmless(cell: str) -> str:
    """A cell that spreadsheets show and never calculate: what would begin a formula gets an apostrophe in front."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_RUNS) or cell.startswith("'") else cell


def as_written(cell: str) -> str:
    """The opposite of `harmless`, for files that come back."""
    if cell.startswith("'") and (cell[1:].lstrip(" ").startswith(_RUNS) or cell[1:].startswith("'")):
        return cell[1:]
    return cell
