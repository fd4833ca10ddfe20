"""Which faults of one environment are switched on. Each system asks for its own and acts on it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from simulator.faults.catalogue import FAULTS, Fault


class UnknownFault(Exception):
    """There is no fault with this name; the words say which there are."""


class WrongSetting(Exception):
    """A fault cannot be set to this; the words, in Dutch, say what can."""


class Faults:
    """The switches of one environment, shared by its ACM and its register. All are off at the start."""

    def __init__(self) -> None:
        self._on: Mapping[str, str] = {}

    def is_on(self, fault: Fault) -> bool:
        return fault.name in self._on

    def active(self) -> tuple[Fault, ...]:
        """All that are on."""
        return tuple(fault for fault in FAULTS if self.is_on(fault))

    def seconds(self, fault: Fault) -> float:
        """The seconds that a fault is set to; 0 where it is off."""
        return float(self._on.get(fault.name, 0.0))

    def text(self, fault: Fault) -> str | None:
        """What a fault is set to; None where it is off."""
        return self._on.get(fault.name)

    def switch_on(self, fault: Fault, value: str | None = None) -> None:
        """Switch on, with what it is set to where it can be set. Raises WrongSetting."""
        self._on = {**self._on, fault.name: _checked(fault, value)}

    def switch_off(self, fault: Fault) -> None:
        """Switch off; nothing happens where it is off."""
        self._on = {name: value for name, value in self._on.items() if name != fault.name}

    def clear(self) -> None:
        """Switch all off."""
        self._on = {}


def by_name(name: str) -> Fault:
    """The fault of this name. Raises UnknownFault."""
    found = next((fault for fault in FAULTS if fault.name == name), None)
    if found is None:
        raise UnknownFault(
            f"there is no fault {name!r}; there are: {', '.join(fault.name for fault in FAULTS)}"
        )
    return found


def _checked(fault: Fault, value: str | None) -> str:
    setting = fault.setting
    if setting is None:
        if value:
            raise WrongSetting("Deze fout heeft geen instelling.")
        return ""
    text = (value or "").strip() or setting.default
    if setting.most is None:
        return text
    try:
        seconds = float(text.replace(",", "."))
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= setting.most:
        raise WrongSetting(f"Schrijf een aantal seconden, meer dan 0 en hoogstens {setting.most:g}.")
    return f"{seconds:g}"
