"""The settings of an environment that belong to no area, and where its blocks are."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import ConfigError, load
from tests.config.test_lock import environments
from tests.gateways import write_config


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("public_url", "http://register.example.be", "http is for localhost only"),
        ("public_url", "https://register.example.be/x", "write only scheme, host and port"),
        ("public_url", "https://me@register.example.be", "write the address as people see it"),
        ("public_url", "https://register.example.be:x", "invalid port"),
        ("listen", ":8000", "HOST:PORT"),
        ("listen", "127.0.0.1:99999", "HOST:PORT"),
    ],
)
def test_addresses_that_are_refused(tmp_path: Path, key: str, value: str, message: str) -> None:
    all_of = environments(tmp_path)
    all_of["ti"][key] = value
    with pytest.raises(ConfigError, match=message):
        load(write_config(tmp_path, all_of))


def test_an_environment_by_name(tmp_path: Path) -> None:
    config = load(write_config(tmp_path, environments(tmp_path)))
    assert config.environment("ti").public_url == "http://localhost:8000"
    with pytest.raises(ConfigError, match="unknown environment 'tii'; did you mean 'ti'"):
        config.environment("tii")


@pytest.mark.parametrize(
    ("store", "place"), [("sqlite:s.db", "s.db.blocks.json"), ("memory:", "var/ti.blocks.json")]
)
def test_blocks_are_beside_the_store(tmp_path: Path, store: str, place: str) -> None:
    all_of = environments(tmp_path)
    all_of["ti"]["session"]["store"] = store
    assert load(write_config(tmp_path, all_of)).blocks_file("ti") == tmp_path / place
