"""The areas of an environment, before anything joins or opens them."""

from __future__ import annotations

import time
from pathlib import Path

from gateway.areas import Areas
from gateway.config import load
from tests.gateways import settings, write_config


def test_each_upstream_that_begins_sessions_has_tags_and_cookies_of_its_own(tmp_path: Path) -> None:
    environment = settings(
        tmp_path,
        name="ti",
        gateway_url="https://register.test",
        acm_url="http://localhost:9",
        upstream_url="http://localhost:9",
        listen="127.0.0.1:0",
    )
    environment["upstream"]["session_cookies"] = ["JSESSIONID"]
    environment["upstreams"] = {
        "reports": {"url": "http://localhost:10", "session_cookies": ["RSESSION"]},
        "plain": {"url": "http://localhost:11", "session_cookies": []},
    }
    config = load(write_config(tmp_path, {"ti": environment}))
    areas = Areas(config, "ti", clock=time.time, steady=time.monotonic)
    assert len(areas.register_sessions) == 2
    assert set(areas.session_tags) == set(areas.upstreams.by_name) == set(areas.websockets)
    assert len({id(tags) for tags in areas.session_tags.values()}) == 3
    assert areas.machines is None
    assert not (tmp_path / "var").exists()
