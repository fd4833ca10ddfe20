"""Planned maintenance that is over or changes nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.config.lint import found_in
from gateway.config.load import read_source
from tests.gateways import settings, write_config


@pytest.mark.parametrize(
    ("day", "path", "found"),
    [
        (date(2026, 12, 1), "/a/**", set()),
        (date(2026, 12, 2), "/a/**", {"maintenance-over"}),
        (date(2026, 12, 3), "/a/**", {"maintenance-over"}),
        (date(2026, 12, 1), "/oauth2/sign_out", {"maintenance-own-path"}),
        (date(2026, 12, 1), "/**", set()),
    ],
)
def test_what_is_warned_about(tmp_path: Path, day: date, path: str, found: set[str]) -> None:
    window = {"from": "2026-12-01T22:00", "until": "2026-12-02T06:00", "paths": [path]}
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:1", acm_url="http://localhost:2",
        upstream_url="http://localhost:3", maintenance={"windows": [window]},
    )  # fmt: skip
    source = read_source(write_config(tmp_path, {"ti": environment}))
    assert {each.code for each in found_in(source, today=day) if "maintenance" in each.code} == found
