"""The submitted reports, in memory, and who follows new ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from simulator.register.identity import Visitor
from simulator.register.report import Channel, Draft, Report

_BRUSSELS: Final = ZoneInfo("Europe/Brussels")
_UNREAD: Final = 100


class ReferenceTaken(Exception):
    """Another report of the organisation has this reference."""

    def __init__(self, standing: Report) -> None:
        super().__init__(standing.number)
        self.standing = standing


class Reports:
    """All reports of one environment; a restart forgets them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._reports: list[Report] = []
        self._followers: list[tuple[Visitor, asyncio.Queue[Report]]] = []

    def now(self) -> datetime:
        """The time in Belgium."""
        return datetime.fromtimestamp(self._clock(), _BRUSSELS)

    def submit(self, visitor: Visitor, draft: Draft, channel: Channel) -> tuple[Report, bool]:
        """(The report, whether it is new): what was sent twice under one reference stands once. Raises ReferenceTaken."""
        standing = self.with_reference(visitor, draft.reference)
        if standing is not None:
            if standing.draft != draft:
                raise ReferenceTaken(standing)
            return standing, False
        report = Report(
            len(self._reports) + 1,
            draft,
            visitor.organisation,
            visitor.organisation_name,
            channel,
            self.now(),
        )
        self._reports.append(report)
        for follower, news in self._followers:
            if follower.sees(report.organisation) and not news.full():
                news.put_nowait(report)
        return report, True

    def with_reference(self, visitor: Visitor, reference: str) -> Report | None:
        """The report of the visitor's organisation with this reference of its own; None for none, or no reference."""
        key = (visitor.organisation, reference)
        return next(
            (
                each
                for each in self._reports
                if reference and key == (each.organisation, each.draft.reference)
            ),
            None,
        )

    def found(self, visitor: Visitor, producer: str = "", stream: str = "") -> list[Report]:
        """What the visitor sees, the newest first; `producer` is a part of a name or number."""
        part = producer.strip().casefold()
        return [
            report
            for report in reversed(self._reports)
            if visitor.sees(report.organisation)
            and (not part or part in report.draft.producer.casefold() or part in report.draft.kbo)
            and (not stream or stream in report.draft.streams)
        ]

    def get(self, visitor: Visitor, number: int) -> Report | None:
        """One report; None where it doesn't exist or isn't for this visitor."""
        if not 0 < number <= len(self._reports):
            return None
        report = self._reports[number - 1]
        return report if visitor.sees(report.organisation) else None

    @contextmanager
    def follow(self, visitor: Visitor) -> Iterator[asyncio.Queue[Report]]:
        """The new reports that the visitor sees, as they come. Who doesn't read 100 of them misses the next."""
        place = (visitor, asyncio.Queue[Report](_UNREAD))
        self._followers.append(place)
        try:
            yield place[1]
        finally:
            self._followers.remove(place)
