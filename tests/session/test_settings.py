"""Stores in one spelling, so that two environments cannot share one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.session.settings import SessionSettings


def settings(folder: Path, store: str) -> SessionSettings:
    return SessionSettings.model_validate({"store": store, "key": "file:k"}, context={"folder": folder})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sqlite:var/ti.db", "sqlite:./var/../var/ti.db"),
        ("redis://host", "redis://user@host:6379/0"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock?db=0"),
    ],
)
def test_two_spellings_of_one_store_are_the_same(tmp_path: Path, one: str, other: str) -> None:
    assert settings(tmp_path, one).address == settings(tmp_path, other).address


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sqlite:ti.db", "sqlite:prd.db"),
        ("redis://host/0", "redis://host/1"),
        ("unix:///run/redis.sock?db=0", "unix:///run/redis.sock?db=1"),
        ("memory:", "memory:"),
    ],
)
def test_other_stores_are_not(tmp_path: Path, one: str, other: str) -> None:
    first, second = settings(tmp_path, one), settings(tmp_path, other)
    assert first.address != second.address
    assert str(first.store) == one.replace("sqlite:", f"sqlite:{tmp_path}/")


def test_a_link_to_itself_is_a_path_like_others(tmp_path: Path) -> None:
    (tmp_path / "ti.db").symlink_to("ti.db")
    assert settings(tmp_path, "sqlite:ti.db").address == f"sqlite:{tmp_path.resolve()}/ti.db"
