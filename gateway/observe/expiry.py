"""Until when certificates of this gateway are valid, and how old its keys are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog
from cryptography.x509 import load_pem_x509_certificates

from gateway.background import Loop
from gateway.events import OnEvent, ignore
from gateway.observe.registry import Registry

log = structlog.get_logger()
_EVERY_SECONDS: Final = 600.0


def valid_until(path: Path) -> float:
    """The end of the first certificate of a PEM file, in seconds since the epoch. Raises OSError or ValueError."""
    return load_pem_x509_certificates(path.read_bytes())[0].not_valid_after_utc.timestamp()


def trusted_until(path: Path) -> float:
    """The end of the last valid certificate authority of a PEM file: older ones do no harm. Raises as `valid_until` does."""
    found = load_pem_x509_certificates(path.read_bytes())
    return max(each.not_valid_after_utc.timestamp() for each in found)


@dataclass(frozen=True, slots=True)
class Watched:
    """`certificates` and `authorities` are files by name; `keys` say by purpose when the newest key was made, in seconds
    since the epoch, None where nobody wrote that down; they raise ValueError."""

    certificates: Mapping[str, Path] = field(default_factory=dict)
    authorities: Mapping[str, Path] = field(default_factory=dict)
    keys: Mapping[str, Callable[[], float | None]] = field(default_factory=dict)


class ExpiryMetrics:
    """Reads the files every few minutes. What cannot be read counts as expired long ago, so that an alert finds it."""

    def __init__(self, registry: Registry, *, on_event: OnEvent = ignore) -> None:
        self._ends = registry.gauges(
            "certificate_expires_timestamp_seconds",
            "When a certificate expires (seconds since the epoch); 0 where it cannot be read",
            "certificate",
        )
        self._created = registry.gauges(
            "key_created_timestamp_seconds",
            "When the newest key for a purpose was made (seconds since the epoch)",
            "purpose",
        )
        self.watched = Watched()
        self._loop = Loop("expiry", self._look, pause=_EVERY_SECONDS, on_event=on_event)

    async def start(self) -> None:
        """Look now, and every few minutes from now on."""
        self._loop.start(at_once=True)

    async def aclose(self) -> None:
        """Stop looking."""
        await self._loop.aclose()

    async def _look(self, _asked: bool) -> None:
        ends, created = await asyncio.to_thread(self._read)
        for name, end in ends.items():
            self._ends[(name,)].set(end)
        for purpose, moment in created.items():
            self._created[(purpose,)].set(moment)

    def _read(self) -> tuple[dict[str, float], dict[str, float]]:
        ends: dict[str, float] = {}
        for read, files in (
            (valid_until, self.watched.certificates),
            (trusted_until, self.watched.authorities),
        ):
            for name, path in files.items():
                try:
                    ends[name] = read(path)
                except (OSError, ValueError) as problem:
                    log.warning("a certificate cannot be read", certificate=name, reason=str(problem))
                    ends[name] = 0.0
        created: dict[str, float] = {}
        for purpose, made in self.watched.keys.items():
            try:
                moment = made()
            except ValueError:
                continue  # those who use the key say so
            if moment is not None:
                created[purpose] = moment
        return ends, created
