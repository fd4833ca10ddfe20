"""Faults on purpose: what can go wrong in the simulated systems of one environment, and what goes wrong now."""

from __future__ import annotations

from simulator.faults.catalogue import FAULTS, Fault, Setting
from simulator.faults.store import Faults, UnknownFault, WrongSetting, by_name

__all__ = ["FAULTS", "Fault", "Faults", "Setting", "UnknownFault", "WrongSetting", "by_name"]
