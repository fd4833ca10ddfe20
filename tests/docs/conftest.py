"""What the tests of several pages need."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.acm.app import create_acm
from simulator.acm.clients import load_clients
from simulator.acm.state import AcmState
from simulator.data.seed import load_people
from simulator.register.app import create_register
from tests.docs.desk import ROOT, Desk
from tests.running import free_ports, free_socket, serving

_PORTS = ("8000", "8001", "8002", "8010", "8020", "8030")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    gateway, observe, decisions, reports = free_ports(4)
    acm_socket, register_socket = free_socket(), free_socket()
    numbers = (
        gateway,
        observe,
        decisions,
        *(each.getsockname()[1] for each in (acm_socket, register_socket)),
        reports,
    )
    found = Desk(tmp_path, dict(zip(_PORTS, map(str, numbers), strict=True)))
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "config.yaml").write_text(found.here((ROOT / "config.yaml").read_text("utf-8")), "utf-8")
    clients = tuple(
        replace(
            each,
            redirect_uris=tuple(map(found.here, each.redirect_uris)),
            resources=tuple(map(found.here, each.resources)),
        )
        for each in load_clients("ti", tmp_path)
    )
    acm = AcmState("ti", found.here("http://localhost:8010"), clients, load_people)
    register = create_register(inside=found.here("http://127.0.0.1:8020"), environment="ti")
    with (
        contextlib.closing(found),
        serving(create_acm(acm), sock=acm_socket, lifespan="off"),
        serving(register, sock=register_socket, lifespan="off"),
    ):
        yield found
