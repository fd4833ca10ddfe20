"""Who may open emergency rules."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateway.emergency.settings import EmergencySettings

CODES = [f"scrypt:{'0' * 32}:{each * 64}" for each in "12"]


def test_each_operator_has_a_code_of_their_own() -> None:
    own = dict(zip(("an", "jan"), CODES, strict=True))
    assert EmergencySettings(operators=own).operators == own


def test_one_code_is_not_two_people() -> None:
    with pytest.raises(ValidationError, match="an and jan have one code"):
        EmergencySettings(operators=dict.fromkeys(("an", "jan"), CODES[0]))
