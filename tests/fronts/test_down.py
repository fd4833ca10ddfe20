"""Without an answer of the gateway, nothing reaches the register."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.fronts.engines import ENGINES, Place, program, running
from tests.gateways import settings, write_config
from tests.running import RawUpstream, free_ports, raw_upstream


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
