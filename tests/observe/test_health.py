"""The listener for operators, over real HTTP."""

import asyncio
import json
from collections.abc import Iterator

import httpx2
import pytest

from gateway.observe.health import Health, HealthStatus
from gateway.observe.metrics import Metrics
from tests.running import Running, serving


class Dependency:
    def __init__(self) -> None:
        self.standing = HealthStatus(True, "fine")
        self.problem: Exception | None = None
        self.hangs = False

    async def check(self) -> HealthStatus:
        if self.hangs:
            await asyncio.Event().wait()
        if self.problem is not None:
            raise self.problem
        return self.standing


@pytest.fixture
def store() -> Dependency:
    return Dependency()


@pytest.fixture
def rules() -> Dependency:
    return Dependency()


@pytest.fixture
def running(store: Dependency, rules: Dependency) -> Iterator[Running]:
    metrics = Metrics("ti", version="1")
    app = Health(metrics, {"store": store.check, "rules": rules.check}, timeout=0.2)
    with serving(app, lifespan="off") as server:
        yield server


def ready(running: Running) -> tuple[int, dict[str, object]]:
    answer = httpx2.get(f"{running.url}/readyz")
    return answer.status_code, answer.json()


def test_alive_whatever_the_rest_does(running: Running, store: Dependency) -> None:
    store.hangs = True
    answer = httpx2.get(f"{running.url}/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert answer.headers["cache-control"] == "no-store"
    head = httpx2.head(f"{running.url}/healthz")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "3")


def test_ready_when_every_check_is(running: Running, rules: Dependency) -> None:
    rules.standing = HealthStatus(True, "the last reload was refused: config.yaml:9:13")
    assert ready(running) == (
        200,
        {
            "ready": True,
            "checks": {
                "store": {"ready": True, "detail": "fine"},
                "rules": {"ready": True, "detail": "the last reload was refused: config.yaml:9:13"},
            },
        },
    )


def test_other_names_for_the_same(running: Running, store: Dependency) -> None:
    store.standing = HealthStatus(False, "database is locked")
    found = {path: httpx2.get(f"{running.url}/{path}").status_code for path in ("ping", "startupz", "ready")}
    assert found == {"ping": 200, "startupz": 200, "ready": 503}


def test_not_ready_when_one_is_not(running: Running, store: Dependency) -> None:
    store.standing = HealthStatus(False, "database is locked")
    status, body = ready(running)
    assert (status, body["ready"]) == (503, False)
    assert body["checks"]["store"] == {"ready": False, "detail": "database is locked"}  # type: ignore[index]


def test_a_check_that_fails_or_hangs_shows_no_secret(
    running: Running, store: Dependency, rules: Dependency
) -> None:
    store.problem = ConnectionError("redis://:geheim@host")
    rules.hangs = True
    status, body = ready(running)
    assert status == 503
    assert body["checks"] == {
        "store": {"ready": False, "detail": "failed: ConnectionError"},
        "rules": {"ready": False, "detail": "no answer in time"},
    }
    assert "geheim" not in json.dumps(body)


def test_numbers_and_nothing_else(running: Running) -> None:
    answer = httpx2.get(f"{running.url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "toegangspoort_build_info" in answer.text
    assert httpx2.get(f"{running.url}/").status_code == 404
    wrong = httpx2.post(f"{running.url}/metrics")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")
