"""What all parts are told."""

from __future__ import annotations

import pytest

from gateway.assembly.environment import Environment
from gateway.config import ConfigError
from tests.assembly.conftest import Made


def test_it_has_the_settings_of_its_name_and_of_no_other(made: Made) -> None:
    ti = made()
    assert ti.settings is ti.config.environments["ti"]
    with pytest.raises(ConfigError, match="prd"):
        Environment.of(ti.config, "prd", clock=ti.clock, steady=ti.steady)


def test_it_is_secure_where_people_come_over_https(made: Made) -> None:
    assert made().secure
    assert not made(public_url="http://localhost:8000").secure


def test_other_settings_have_another_hash(made: Made) -> None:
    one = made().settings_hash
    assert made().settings_hash == one
    assert made(drain={"wait": "7s"}).settings_hash != one
