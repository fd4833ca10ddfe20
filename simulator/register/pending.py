"""Uploads that were read and shown, and wait until the person confirms them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from simulator.register.database import Database, time_text
from simulator.register.draft import Draft
from simulator.register.report import Submitter

_KEPT: Final = timedelta(hours=1)


class Pending:
    """The uploads of one environment that wait, each for an hour, for the very person that sent it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, submitter: Submitter, drafts: Sequence[Draft], now: datetime) -> str:
        """Keep drafts; the token finds them again."""
        token = secrets.token_urlsafe(24)
        with self._database.writing() as connection:
            connection.execute("DELETE FROM upload WHERE made_at < ?", (time_text(now - _KEPT),))
            connection.execute(
                "INSERT INTO upload (token, organisation, submitted_by, made_at, content) VALUES (?, ?, ?, ?, ?)",
                (token, submitter.organisation, submitter.fingerprint, time_text(now),
                 json.dumps([asdict(draft) for draft in drafts])),
            )  # fmt: skip
        return token

    def find(self, submitter: Submitter, token: str, now: datetime) -> list[Draft] | None:
        """What waits under this token; None where nothing of this person does."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT content FROM upload WHERE token = ? AND organisation = ? AND submitted_by = ? AND made_at >= ?",
                (token, submitter.organisation, submitter.fingerprint, time_text(now - _KEPT)),
            ).fetchone()
        if row is None:
            return None
        return [Draft(**{**each, "streams": tuple(each["streams"])}) for each in json.loads(row[0])]

    def drop(self, token: str) -> None:
        """Throw away what waits."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM upload WHERE token = ?", (token,))
