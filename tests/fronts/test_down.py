"""Without an answer of the gateway, nothing reaches the register."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from gateway.render.files import Engine, Part
from tests.fronts.engines import ENGINES, Place, program, running
from tests.gateways import settings, write_config
from tests.running import RawUpstream, free_ports, free_socket, raw_upstream


@pytest.mark.parametrize("engine", ENGINES)
def test_a_gateway_that_is_down_opens_nothing(engine: str, tmp_path: Path) -> None:
    program(engine)
    front, public, verdicts = free_ports(3)
    with raw_upstream(RawUpstream()) as register:
        environment = settings(
            tmp_path,
            name="ti",
            gateway_url=f"http://localhost:{public}",
            acm_url="http://localhost:9",
            upstream_url=f"http://127.0.0.1:{register.port}",
            fronts={
                "main": {
                    "listen": f"127.0.0.1:{verdicts}",
                    "peers": ["127.0.0.1/32"],
                    "dialect": engine,
                }
            },
        )
        place = Place(write_config(tmp_path, {"ti": environment}), front)
        with running(engine, tmp_path, place):

            def status(method: str) -> int:
                url = f"http://localhost:{front}/public/x"
                return httpx2.request(method, url, trust_env=False, timeout=60).status_code

            # Side by side: an engine may try for seconds.
            with ThreadPoolExecutor(2) as pool:
                assert set(pool.map(status, ("GET", "POST"))) <= {500, 502, 503, 504}
        assert not register.begun


@dataclass(frozen=True)
class Impatient(Place):
    """A front that waits half a second for a verdict."""

    def text(self, engine: Engine, part: Part = "main") -> str:
        """What `gateway render` writes for it, but for that."""
        found = Place.text(self, engine, part)
        return found.replace("read_timeout 10s", "read_timeout 500ms").replace(
            "timeout = 10000", "timeout = 500"
        )


@pytest.mark.parametrize("engine", ["nginx", "haproxy"])
def test_nobody_waits_for_the_page_of_a_gateway_that_gives_no_verdict(engine: str, tmp_path: Path) -> None:
    program(engine)
    with free_socket() as hanging:
        hanging.listen(50)
        verdicts = hanging.getsockname()[1]
        front, public = free_ports(2)
        fronts = {
            "main": {"listen": f"127.0.0.1:{verdicts}", "peers": ["127.0.0.1/32"], "dialect": engine},
        }
        environment = settings(
            tmp_path,
            name="ti",
            gateway_url=f"http://localhost:{public}",
            acm_url="http://localhost:9",
            upstream_url="http://127.0.0.1:9",
            fronts=fronts,
        )
        place = Impatient(write_config(tmp_path, {"ti": environment}), front)
        with running(engine, tmp_path, place):
            began = time.monotonic()
            answer = httpx2.get(f"http://localhost:{front}/public/x", trust_env=False, timeout=60)
            assert time.monotonic() - began < 15.0
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "Even niet bereikbaar" in answer.text
