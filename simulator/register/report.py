"""A report as the register keeps it, who it is from, and until when it can be changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Literal

from simulator.register.draft import Draft

TERM: Final = timedelta(days=14)

Channel = Literal["web", "csv", "api"]
Status = Literal["concept", "ingediend", "geannuleerd"]


@dataclass(frozen=True, slots=True)
class Submitter:
    """In whose name a report stands, as the gateway swears it."""

    organisation: str
    organisation_name: str
    doelgroep: str
    subject: str

    @property
    def fingerprint(self) -> str:
        """Tells people of an organisation apart without keeping who they are."""
        return sha256(f"{self.organisation}:{self.subject}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Report:
    """A report. Times are in UTC; `year` and `sequence` are there once it was submitted."""

    id: int
    year: int | None
    sequence: int | None
    status: Status
    version: int
    channel: Channel
    organisation: str
    organisation_name: str
    doelgroep: str
    submitted_by: str
    created_at: datetime
    changed_at: datetime
    submitted_at: datetime | None
    reason: str
    draft: Draft

    @property
    def number(self) -> str | None:
        """The registration number that people use: NC-2026-000123; None for a concept."""
        return None if self.sequence is None else f"NC-{self.year}-{self.sequence:06d}"

    @property
    def title(self) -> str:
        """How people call this report."""
        return self.number or f"concept {self.id}"

    @property
    def open_until(self) -> datetime | None:
        """Until when it can be corrected or cancelled; None for a concept, which can always be."""
        return None if self.submitted_at is None else self.submitted_at + TERM

    def can_change(self, now: datetime) -> bool:
        """Whether its organisation can still correct or cancel it."""
        until = self.open_until
        return self.status != "geannuleerd" and (until is None or now <= until)
