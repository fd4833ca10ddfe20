"""The settings name the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.session.memory import MemoryStore
from gateway.session.redis import RedisStore
from gateway.session.settings import SessionSettings
from gateway.session.sqlite import SqliteStore
from gateway.session.stores import open_store
from tests.session.conftest import Clock


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("memory:", MemoryStore),
        ("sqlite:var/ti.db", SqliteStore),
        ("redis://localhost:6379/1", RedisStore),
        ("unix:///run/redis.sock", RedisStore),
    ],
)
def test_each_kind_is_made_without_being_opened(tmp_path: Path, clock: Clock, text: str, kind: type) -> None:
    settings = SessionSettings.model_validate({"store": text, "key": "file:k"}, context={"folder": tmp_path})
    assert isinstance(open_store(settings, environment="ti", clock=clock), kind)
    assert list(tmp_path.iterdir()) == []
