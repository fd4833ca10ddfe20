"""What belongs to one environment: every setting with an address, a key or a file is decided about."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from gateway.config.model import EnvironmentSettings
from gateway.config.positions import Place
from gateway.promotion.own import foreign_name, has_secret, is_own, own_names
from gateway.session.settings import StoreAddress
from gateway.settings import Secret
from tests.promotion.places import sides, write_two

# Settings with a path or an address that may be the same everywhere.
COMMON: set[str] = {"upstream.probe.path", "upstreams.*.probe.path"}


def leaves(model: type[BaseModel], place: Place = ()) -> list[tuple[Place, Any]]:
    found: list[tuple[Place, Any]] = []
    for name, info in model.model_fields.items():
        here = (*place, info.alias or name)
        for annotation in alternatives(info.annotation):
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                found += leaves(annotation, (*here, "*") if name == "upstreams" else here)
            else:
                found.append((here, annotation))
    return found


def alternatives(annotation: Any) -> list[Any]:
    arguments = [each for each in get_args(annotation) if each not in (type(None), Ellipsis)]
    if not arguments:
        return [annotation]
    return [each for argument in arguments for each in alternatives(argument)]


@pytest.mark.parametrize(
    "place",
    sorted(
        {place for place, kind in leaves(EnvironmentSettings) if kind in (Secret, Path, StoreAddress)},
        key=str,
    ),
    ids=".".join,
)
def test_secrets_files_and_stores_are_never_copied(place: Place) -> None:
    assert any(is_own(place[:length]) for length in range(1, len(place) + 1)), place


@pytest.mark.parametrize(
    "place",
    [
        "public_url",
        "listen",
        "provider.client_id",
        "provider.authorization_parameters",
        "upstream.url",
        "upstreams.x.servers",
        "edge.hosts",
        "observe.listen",
        "fronts.x.listen",
        "fronts.x.peers",
        "machines.introspection.audience",
    ],
)
def test_addresses_are_never_copied(place: str) -> None:
    assert is_own(tuple(place.split(".")))
    assert not is_own(("session", "idle_timeout"))


def test_networks_are_never_copied() -> None:
    """Who comes from them is believed about something."""
    found = {place for place, kind in leaves(EnvironmentSettings) if kind in (IPv4Network, IPv6Network)}
    assert found
    for each in found:
        # The name of a front stands between.
        place = ("fronts", "x", *each[1:]) if each[0] == "fronts" else each
        assert is_own(place), place


def test_names(tmp_path: Path) -> None:
    ti, _ = sides(*write_two(tmp_path))
    names = own_names(ti.settings)
    assert names == {"ti.register.example.be", "acm-ti.example.be", "client-of-ti", "backend-ti.example.be"}
    assert (
        foreign_name({"a": ["x", "see https://TI.register.example.be/a"]}, names)
        == "it names ti.register.example.be"
    )
    assert foreign_name("https://other-ti.register.example.be.x ti.register.example.be-2", names) is None
    assert foreign_name({"client-of-ti": 1}, names) == "it names client-of-ti"
    assert has_secret([{"x": "env:NAME"}])
    assert not has_secret({"x": "profile:NAME"})
