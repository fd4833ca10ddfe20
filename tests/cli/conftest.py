"""One environment whose ACM and register run, for gateways that are processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.acm.app import create_acm
from simulator.acm.clients import Client
from simulator.acm.state import AcmState
from simulator.data.seed import load_people
from simulator.register.app import create_register
from simulator.run import bind, running
from tests.gateways import CLIENT_ID, settings, write_config
from tests.keys import client_keys


class Site:
    """The configuration of one environment whose ACM and register run."""

    def __init__(self, folder: Path, acm_url: str, register_url: str, ports: tuple[int, int]) -> None:
        self.port, self.observe = ports
        self.url = f"http://localhost:{self.port}"
        self.ready = f"http://localhost:{self.observe}/readyz"
        environment = settings(
            folder, name="ti", gateway_url=self.url, acm_url=acm_url, upstream_url=register_url,
            listen=f"127.0.0.1:{self.port}",
        )  # fmt: skip
        environment["observe"]["listen"] = f"127.0.0.1:{self.observe}"
        self.config = write_config(folder, {"ti": environment})
        self.original = self.config.read_text()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    ports = []
    for _ in range(2):
        sock = bind(0)
        ports.append(sock.getsockname()[1])
        sock.close()
    gateway_url = f"http://localhost:{ports[0]}"
    client = Client(
        client_id=f"{CLIENT_ID}-ti", name="x", redirect_uris=(f"{gateway_url}/oauth2/callback",),
        scopes=("openid", "profile", "vo", "ovam"), jwks=client_keys("ti")[1],
    )  # fmt: skip
    with (
        running(lambda url: create_acm(AcmState("ti", url, (client,), load_people))) as acm_url,
        running(lambda url: create_register(inside=url, environment="ti")) as register_url,
    ):
        yield Site(tmp_path, acm_url, register_url, (ports[0], ports[1]))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration of one environment, for commands that only look at it."""
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020",
    )  # fmt: skip
    return write_config(tmp_path, {"ti": environment})
