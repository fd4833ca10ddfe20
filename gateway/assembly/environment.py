"""What all parts of one environment are told: their settings, the time, and whom to tell of events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.config import Config
from gateway.config.fingerprint import fingerprint
from gateway.config.model import EnvironmentSettings
from gateway.event_bus import Events


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment of a configuration. `clock` gives seconds since the epoch, `steady` seconds that never go back.

    Made by `of`. `settings_hash` says whether two processes have the same settings.
    """

    name: str
    config: Config
    settings: EnvironmentSettings
    settings_hash: str
    clock: Callable[[], float]
    steady: Callable[[], float]
    events: Events = field(default_factory=Events)

    @classmethod
    def of(
        cls, config: Config, name: str, *, clock: Callable[[], float], steady: Callable[[], float]
    ) -> Environment:
        """The environment of this name. Raises ConfigError if there is none."""
        settings = config.environment(name)
        return cls(name, config, settings, fingerprint(settings), clock, steady)

    @property
    def secure(self) -> bool:
        """Whether people reach it over https."""
        return self.settings.public_url.startswith("https://")
