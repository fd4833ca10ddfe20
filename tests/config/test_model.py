"""The settings of an environment that belong to no area, and where its blocks are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


FRONT = {"listen": "127.0.0.1:8002", "dialect": "nginx", "peers": ["127.0.0.1/32"]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"peers": []}, "name the `peers` that may ask here"),
        ({"listen": "unix:/run/x.sock"}, "a unix socket has no `peers`"),
        (
            {"listen": "unix:x.sock"},
            "write an address to listen on: HOST:PORT, such as 127.0.0.1:8000, or unix:/",
        ),
        ({"listen": "127.0.0.1"}, "write an address to listen on: HOST:PORT"),
        ({"dialect": "apache"}, "'apache' is not one of"),
        ({"dialect": "envoy", "cache": "5s"}, "only nginx keeps decisions: leave out `cache` for envoy"),
        ({"dialect": "envoy", "allow_status": 202}, "Envoy takes 200 alone"),
        ({"cache": "2m"}, "a decision is kept for 60s at most"),
        ({"cache": "1s"}, "nginx counts whole seconds, so a decision is kept for 2s at least, or for 0s"),
        ({"allow_status": 204}, "204 is not one of: 200 or 202"),
        ({"peers": ["0.0.0.0/0"]}, "0.0.0.0/0 holds much more than your fronts"),
        ({"peers": ["10.0.0.1", "128.0.0.0/1"]}, "128.0.0.0/1 holds much more than your fronts"),
        ({"peers": ["::/0"]}, "::/0 holds much more"),
        ({"peers": ["nginx"]}, "'nginx' is no address or network: write 10.0.0.5 or 10.0.0.0/24"),
    ],
)
def test_fronts_that_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    all_of = environments(tmp_path)
    all_of["ti"]["fronts"] = {"main": {**FRONT, **changes}}
    with pytest.raises(ConfigError) as refused:
        load(write_config(tmp_path, all_of))
    assert message in str(refused.value)
    line, column = str(refused.value).split(":")[1:3]
    assert int(line) > 1
    assert int(column) >= 1


def test_a_front_by_its_name(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    all_of["ti"]["fronts"] = {"main": FRONT, "local": {"listen": "unix:/run/x.sock", "dialect": "caddy"}}
    fronts = load(write_config(tmp_path, all_of)).environment("ti").fronts
    assert (fronts["main"].socket, fronts["main"].cache) == (None, 0.0)
    assert fronts["local"].socket == "/run/x.sock"
