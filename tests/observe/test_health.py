"""The listener for operators, over real HTTP."""

from collections.abc import Iterator, Mapping

import httpx2
import pytest

from gateway.observe.health import Health, HealthStatus
from gateway.observe.metrics import Metrics
from tests.running import Running, serving


class Statuses(dict[str, HealthStatus]):
    """What each check says."""

    async def look(self) -> Mapping[str, HealthStatus]:
        return self


@pytest.fixture
def statuses() -> Statuses:
    return Statuses(store=HealthStatus(True, "fine"), rules=HealthStatus(True))


@pytest.fixture
def running(statuses: Statuses) -> Iterator[Running]:
    app = Health(Metrics("ti", version="1"), statuses.look)
    with serving(app, lifespan="off") as server:
        yield server


def ready(running: Running, query: str = "") -> tuple[int, dict[str, object]]:
    answer = httpx2.get(f"{running.url}/readyz{query}")
    return answer.status_code, answer.json()


def test_alive_whatever_the_rest_does(running: Running, statuses: Statuses) -> None:
    statuses["store"] = HealthStatus(False, "no answer in time")
    answer = httpx2.get(f"{running.url}/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert answer.headers["cache-control"] == "no-store"
    head = httpx2.head(f"{running.url}/healthz")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "3")


def test_ready_when_every_check_is_and_what_is_degraded(running: Running, statuses: Statuses) -> None:
    assert ready(running, "?strict")[0] == 200
    statuses["store"] = HealthStatus(True, "no answer", degraded=True)
    status, body = ready(running)
    assert (status, body["ready"], body["degraded"]) == (200, True, ["store"])
    assert body["checks"]["rules"] == {"ready": True, "degraded": False, "detail": ""}  # type: ignore[index]
    assert ready(running, "?strict") == (503, body)


def test_not_ready_when_one_is_not_also_by_other_names(running: Running, statuses: Statuses) -> None:
    statuses["store"] = HealthStatus(False, "database is locked")
    status, body = ready(running)
    assert (status, body["ready"], body["degraded"]) == (503, False, [])
    assert body["checks"]["store"] == {  # type: ignore[index]
        "ready": False,
        "degraded": False,
        "detail": "database is locked",
    }
    found = {path: httpx2.get(f"{running.url}/{path}").status_code for path in ("ping", "startupz", "ready")}
    assert found == {"ping": 200, "startupz": 200, "ready": 503}


def test_numbers_and_nothing_else(running: Running) -> None:
    answer = httpx2.get(f"{running.url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "toegangspoort_build_info" in answer.text
    assert httpx2.get(f"{running.url}/").status_code == 404
    wrong = httpx2.post(f"{running.url}/metrics")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")
