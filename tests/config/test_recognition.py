"""Settings that decide who people are are shown in a diff, with the people of the tests whom it concerns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import Config, load
from gateway.config.recognition import recognition_changes
from tests.config.test_lock import environments
from tests.gateways import IDENTITY, write_config

PEOPLE = {
    "submitter": {
        "acm": {
            "vo_orgcode": "0428315871",
            "ovam_rol_3d": ["OVAMGebruiker-NonConformiteitenIndiener:0428315871"],
        }
    },
    "described": {"organisation": "0428315871", "rights": ["indiener"]},
}


def config(folder: Path, identity: Any = None, **changes: Any) -> Config:
    all_of = environments(folder)
    for key, value in changes.items():
        all_of["ti"][key] = {**all_of["ti"].get(key, {}), **value}
    path = write_config(folder, all_of, identity={**IDENTITY, **(identity or {})})
    path.write_text(path.read_text() + yaml.safe_dump({"people": PEOPLE}))
    return load(path)


@pytest.mark.parametrize(
    "identity",
    [
        {"claims": {"organisation": "vo_orgcod"}},
        {"claims": {"organisation": "vo_orgnaam"}},
        {"rights": {"claims": ["ovan_rol_3d"]}},
    ],
)
def test_a_claim_by_another_name(tmp_path: Path, identity: Any) -> None:
    lines = list(recognition_changes(config(tmp_path), "ti", config(tmp_path, identity), "ti"))
    assert lines[0].startswith("~ identity.")
    assert lines[1:] == ["- submitter of `people:` loses home, own"]
    back = list(recognition_changes(config(tmp_path, identity), "ti", config(tmp_path), "ti"))
    assert back[1:] == ["+ submitter of `people:` gains home, own"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"provider": {"scopes": ["openid"]}}, "provider.scopes"),
        ({"provider": {"minimum_level": 25}}, "provider.minimum_level"),
        ({"provider": {"issuer": "http://localhost:8019/op"}}, "provider.issuer"),
        ({"edge": {"trusted_proxies": ["10.0.0.0/8"]}}, "edge.trusted_proxies"),
    ],
)
def test_settings_of_the_environment(tmp_path: Path, changes: Any, name: str) -> None:
    (line,) = recognition_changes(config(tmp_path), "ti", config(tmp_path, **changes), "ti")
    assert line.startswith(f"~ {name}: ")


def test_environments_have_addresses_of_their_own(tmp_path: Path) -> None:
    same = config(tmp_path)
    assert list(recognition_changes(same, "ti", same, "prd")) == []
    assert list(recognition_changes(same, "ti", same, "ti")) == []
