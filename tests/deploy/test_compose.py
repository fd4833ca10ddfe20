"""Two gateways, Redis and nginx as containers on one machine."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from tests.deploy.tools import ROOT

FOLDER = ROOT / "deploy/compose"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_compose_takes_it() -> None:
    from compose_spec import PyCompose  # takes half a second, which collecting the tests should not

    PyCompose.from_json(json.dumps(COMPOSE)).validate()
    with pytest.raises(ValueError, match="readonly"):
        PyCompose.from_json(json.dumps(COMPOSE | {"services": {"a": {"image": "b", "readonly": True}}}))


def test_nginx_comes_from_the_addresses_that_gateways_trust() -> None:
    """A name that two common networks have leads to either: from the other one nginx would be a client like any."""
    for name in ("gateway-1", "gateway-2"):
        assert {*SERVICES["nginx"]["networks"]} & {*SERVICES[name]["networks"]} == {"front"}
    assert all(COMPOSE["networks"][each] is not None for each in SERVICES["nginx"]["networks"])


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_is_closed(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert all(each["type"] == "volume" or each["read_only"] for each in service["volumes"])
    if "build" not in service:
        assert "@sha256:" in service["image"]


def test_only_nginx_is_reached_from_outside_and_only_gateways_reach_the_store() -> None:
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["nginx"]
    assert {name for name, each in SERVICES.items() if "store" in each["networks"]} == {
        "gateway-1",
        "gateway-2",
        "redis",
    }
    assert COMPOSE["networks"]["store"] == {"internal": True}
    assert SERVICES["redis"]["networks"] == ["store"]


def test_what_is_mounted_is_there_or_named_on_the_page() -> None:
    page = (ROOT / "docs/deployment.md").read_text()
    for service in SERVICES.values():
        for each in service["volumes"]:
            if each["type"] == "bind":
                folder = FOLDER / each["source"]
                assert folder.is_dir() or f"deploy/compose/{folder.name}" in page, each["source"]


def test_what_a_gateway_writes_outlives_its_container() -> None:
    image = (ROOT / "Dockerfile").read_text()
    (written,) = re.findall(r"^VOLUME (\S+)$", image, re.M)
    gateways = ["gateway-1", "gateway-2"]
    for name in gateways:
        (kept,) = [each for each in SERVICES[name]["volumes"] if each["type"] == "volume"]
        assert kept["target"] == written
        # Each has its own: two gateways never write one file of records.
        assert kept["source"] == name
    assert set(COMPOSE["volumes"]) == {*gateways, "sessions"}
