"""What an operator can write under `maintenance:` of an environment, and the maintenances that it is compiled to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, model_validator

from gateway.plugin import NamedRight, OpeningHours, parse_days, parse_span
from gateway.policy.maintenance import Maintenance, Once, Weekly
from gateway.policy.moments import Moment
from gateway.policy.settings import PathPattern
from gateway.settings import FileBeside, Settings, Texts


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"{value!r} is no time zone: write Europe/Brussels")
    return value


class WindowSettings(Settings):
    """One maintenance: from one moment to another, or the same hours every week."""

    from_: Annotated[Moment | None, Field(alias="from")] = None
    """When it begins: 2026-12-01T22:00, in Belgian time, or with its offset."""

    until: Moment | None = None
    """When it ends."""

    hours: Annotated[dict[str, str | tuple[str, ...]], Field(min_length=1)] | None = None
    """Instead of both, hours of every week: `{sun: 02:00-04:00}`; `{sat: 23:00-02:00}` goes over midnight."""

    zone: Annotated[str, AfterValidator(_zone)] = "Europe/Brussels"
    """The time zone of the hours, by its name in the IANA time zone database."""

    paths: tuple[PathPattern, ...] = ()
    """Where, like the paths of rules: /meldingen/**. Everywhere where nothing is said."""

    message: Texts | None = None
    """What people read, by language: why, and what they can do. Without it the one for all maintenances."""

    except_: Annotated[tuple[str, ...] | None, Field(alias="except")] = None
    """Names under `rights:`; who has one works on. Without it those for all maintenances."""

    streams: Literal["cut", "keep"] | None = None
    """What becomes of open streams and WebSockets. Without it what is said for all maintenances."""

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.hours is not None:
            if self.from_ is not None or self.until is not None:
                raise ValueError("give from and until, or else hours")
            _opening_hours(self.hours, self.zone)
        elif self.from_ is None or self.until is None:
            raise ValueError(
                "give from and until, or else hours; `gateway maintenance start` begins one whose end nobody knows"
            )
        elif self.until <= self.from_:
            raise ValueError("until is not after from")
        elif "zone" in self.model_fields_set:
            raise ValueError(
                "zone is for hours alone: from and until are in Belgian time, or have their offset"
            )
        return self

    @property
    def times(self) -> Once | Weekly:
        """When it is."""
        if self.hours is not None:
            return Weekly(_opening_hours(self.hours, self.zone))
        assert self.from_ is not None
        assert self.until is not None
        return Once(self.from_.timestamp(), self.until.timestamp())


class MaintenanceSettings(Settings):
    """Maintenance of the register: planned, and what holds for that which is ordered by a command."""

    windows: tuple[WindowSettings, ...] = ()
    """The planned ones. Changes go live without a restart."""

    message: Texts = Field(default_factory=dict)
    """What people read, by language."""

    except_: Annotated[tuple[str, ...], Field(alias="except")] = ()
    """Names under `rights:`; who has one of these rights, for the organisation of the session, works on."""

    streams: Literal["cut", "keep"] = "cut"
    """Streams, downloads, uploads and WebSockets that are open when it begins: cut them, or keep them to their end."""

    file: FileBeside | None = None
    """The file with the maintenances of this machine alone; beside the blocks where nothing is said."""

    def planned(self, rights: Mapping[str, NamedRight], *, folds: bool) -> tuple[Maintenance, ...]:
        """The planned maintenances; `folds`: paths don't tell A-Z from a-z."""
        return tuple(
            Maintenance(
                f"planned-{number}",
                each.times,
                tuple(pattern.folding() if folds else pattern for pattern in each.paths),
                self.message if each.message is None else each.message,
                tuple(
                    rights[name]
                    for name in (self.except_ if each.except_ is None else each.except_)
                    if name in rights
                ),
                self.streams if each.streams is None else each.streams,
            )
            for number, each in enumerate(self.windows, 1)
        )


def _opening_hours(written: Mapping[str, str | tuple[str, ...]], zone: str) -> OpeningHours:
    """Raises ValueError."""
    hours: dict[int, list[tuple[time, time | None]]] = {}
    for days, spans in written.items():
        for day in parse_days(days):
            for span in (spans,) if isinstance(spans, str) else spans:
                for on, part in _parts(span):
                    hours.setdefault((day + on) % 7, []).append(part)
    return OpeningHours(ZoneInfo(zone), {day: tuple(spans) for day, spans in hours.items()})


def _parts(span: str) -> list[tuple[int, tuple[time, time | None]]]:
    """The parts of a span before and after midnight, each with the number of its day."""
    start, hyphen, end = span.partition("-")
    if hyphen and end != "24:00" and end < start:
        first = parse_span(f"{start}-24:00")
        return [(0, first)] if end == "00:00" else [(0, first), (1, parse_span(f"00:00-{end}"))]
    return [(0, parse_span(span))]
