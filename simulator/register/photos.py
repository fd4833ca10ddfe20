"""Photos with reports: what is taken for one, where the bytes lie, and how they come back without harm.

The bytes decide what a photo is, never the name or type that came along. Files are called by the hash of what they
hold, in a folder that no path of the web reaches.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from simulator.register.database import Database, time_text

LARGEST: Final = 5 * 1024 * 1024
MOST: Final = 6
_SUFFIXES: Final = {"image/jpeg": "jpg", "image/png": "png"}


class NoPhoto(Exception):
    """This cannot be kept as a photo; the words, in Dutch, say why."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo with a report. `name` is what somebody called it: a text to show, nothing else."""

    id: int
    report: int
    name: str
    type: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        """A name for a download, made by us."""
        return f"foto-{self.report}-{self.id}.{_SUFFIXES[self.type]}"


def image_type(content: bytes) -> str | None:
    """image/jpeg or image/png by the first and last bytes (ISO 10918-1 B.2.1, PNG section 5); None for all else."""
    if content.startswith(b"\xff\xd8\xff") and content.rstrip(b"\0").endswith(b"\xff\xd9"):
        return "image/jpeg"
    png = content.startswith(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    if png and content.endswith(b"\x00\x00\x00\x00IEND\xaeB`\x82"):
        return "image/png"
    return None


class Photos:
    """The photos of one environment."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def of(self, report: int) -> list[Photo]:
        """The photos with a report, in the order they came."""
        with self._database.reading() as connection:
            return _photos(connection, report)

    def add(self, report: int, name: str, content: bytes, now: datetime) -> Photo:
        """Keep a photo; the same one twice is kept once. Raises NoPhoto."""
        if len(content) > LARGEST:
            raise NoPhoto(f"Deze foto is te groot: hoogstens {LARGEST // 1024 // 1024} MB.")
        kind = image_type(content)
        if kind is None:
            raise NoPhoto("Dit is geen foto in JPEG- of PNG-formaat.")
        digest = sha256(content).hexdigest()
        shown = "".join(sign for sign in Path(name.replace("\\", "/")).name if sign.isprintable())[:100]
        with self._database.writing() as connection:
            standing = _photos(connection, report)
            same = next((photo for photo in standing if photo.sha256 == digest), None)
            if same is not None:
                return same
            if len(standing) >= MOST:
                raise NoPhoto(f"Er zijn al {MOST} foto's bij deze melding.")
            self._write(digest, content)
            connection.execute(
                "INSERT INTO photo (report, name, type, size, sha256, added_at) VALUES (?, ?, ?, ?, ?, ?)",
                (report, shown or "foto", kind, len(content), digest, time_text(now)),
            )
            return _photos(connection, report)[-1]

    def read(self, report: int, photo: int) -> tuple[Photo, bytes] | None:
        """One photo with its bytes; None where this report has no such photo."""
        found = next((each for each in self.of(report) if each.id == photo), None)
        return None if found is None else (found, (self._folder / found.sha256).read_bytes())

    def remove(self, report: int, photo: int) -> None:
        """Take a photo from a report, and its bytes where no other report has them."""
        with self._database.writing() as connection:
            row = connection.execute(
                "DELETE FROM photo WHERE id = ? AND report = ? RETURNING sha256", (photo, report)
            ).fetchone()
            if row and not connection.execute("SELECT 1 FROM photo WHERE sha256 = ?", row).fetchone():
                (self._folder / str(row[0])).unlink(missing_ok=True)

    def _write(self, digest: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, unfinished = tempfile.mkstemp(dir=self._folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(unfinished).replace(self._folder / digest)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise


def _photos(connection: sqlite3.Connection, report: int) -> list[Photo]:
    rows = connection.execute(
        "SELECT id, report, name, type, size, sha256 FROM photo WHERE report = ? ORDER BY id", (report,)
    ).fetchall()
    return [Photo(*row) for row in rows]
