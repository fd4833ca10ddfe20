"""Faults are off until somebody switches them on, and take only what makes sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.faults import FAULTS, Faults, UnknownFault, WrongSetting, by_name
from simulator.faults.catalogue import REGISTER_DOWN, REGISTER_SLOW, RIGHT_REVOKED


def test_everything_is_off_at_the_start() -> None:
    faults = Faults()
    assert not any(faults.is_on(fault) for fault in FAULTS)
    assert faults.seconds(REGISTER_SLOW) == 0
    assert faults.text(RIGHT_REVOKED) is None


def test_each_fault_is_switched_on_and_off_by_its_name() -> None:
    faults = Faults()
    for fault in FAULTS:
        faults.switch_on(by_name(fault.name))
        assert faults.is_on(fault)
        assert faults.text(fault) == (fault.setting.default if fault.setting else "")
        faults.switch_off(fault)
        faults.switch_off(fault)
        assert not faults.is_on(fault)
    faults.switch_on(REGISTER_DOWN)
    faults.clear()
    assert not faults.is_on(REGISTER_DOWN)


def test_names_are_different_and_of_one_form() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and " " not in name for name in names)


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(UnknownFault, match="register-slow"):
        by_name("register-sleepy")


@pytest.mark.parametrize("value", ["0", "-1", "301", "nan", "inf", "many"])
def test_seconds_that_make_no_sense_are_refused(value: str) -> None:
    faults = Faults()
    with pytest.raises(WrongSetting, match="hoogstens 300"):
        faults.switch_on(REGISTER_SLOW, value)
    assert not faults.is_on(REGISTER_SLOW)


def test_seconds_and_texts_are_kept() -> None:
    faults = Faults()
    faults.switch_on(REGISTER_SLOW, "1,5")
    assert faults.seconds(REGISTER_SLOW) == 1.5
    faults.switch_on(RIGHT_REVOKED, " ovam ")
    assert faults.text(RIGHT_REVOKED) == "ovam"
    with pytest.raises(WrongSetting, match="geen instelling"):
        faults.switch_on(REGISTER_DOWN, "5")


def test_every_fault_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs/simulator.md").read_text()
    for fault in FAULTS:
        assert f"`{fault.name}`" in text
