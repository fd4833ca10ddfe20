"""The register's faults, each switched on and off, and what people and machines see of them through the gateway."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from simulator.faults import Faults
from simulator.faults.catalogue import REGISTER_CUT, REGISTER_DOWN, REGISTER_SLOW
from simulator.login import login
from simulator.register.app import create_register
from simulator.register.faulty import breaking_protocol
from simulator.run import running
from tests.gateway_fixture import GatewayFixture, gateway_fixture

PAGE = {"accept": "text/html"}
HOME, STYLE = "/ncr/meldingen.xhtml", "/ncr/javax.faces.resource/stijl.css.xhtml"
RULES = [{"id": "all", "match": {"path": "/**"}, "require": ["authenticated"]}]


@pytest.fixture(scope="module")
def faults() -> Faults:
    return Faults()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, faults: Faults) -> Iterator[GatewayFixture]:
    folder: Path = tmp_path_factory.mktemp("faults")
    with (
        running(
            lambda url: create_register(inside=url, environment="ti", faults=faults),
            http=breaking_protocol(faults),
            log_level="critical",
        ) as register_url,
        gateway_fixture(
            folder, backend=register_url, rules=RULES, upstream={"response_timeout": "3s"}
        ) as found,
    ):  # fmt: skip
        yield found


@pytest.fixture(scope="module")
def inge(gate: GatewayFixture) -> Iterator[httpx2.Client]:
    headers = {"cookie": login(gate.url, "indiener"), **PAGE}
    with httpx2.Client(base_url=gate.url, headers=headers, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture(autouse=True)
def all_off(faults: Faults) -> Iterator[None]:
    yield
    faults.clear()


def test_a_register_that_is_down_is_a_page_with_502(
    gate: GatewayFixture, inge: httpx2.Client, faults: Faults
) -> None:
    assert inge.get(HOME).status_code == 200
    faults.switch_on(REGISTER_DOWN)
    for method, path in (("GET", HOME), ("GET", "/ncr/uitvoer/meldingen.csv"), ("POST", "/ncr/nieuw.xhtml")):
        answer = inge.request(method, path, headers={"sec-fetch-mode": "navigate"})
        assert (method, path, answer.status_code) == (method, path, 502)
        assert "Het register is nu niet beschikbaar" in answer.text
        record = gate.records_with(answer.headers["x-request-id"])[0]
        assert (record["status"], record["error"]) == (502, "upstream-unreachable")
    machine = inge.get("/api/v1/meldingen", headers={"accept": "application/json"})
    assert machine.headers["content-type"] == "application/problem+json"
    faults.switch_off(REGISTER_DOWN)
    assert inge.get(HOME).status_code == 200


def test_a_register_that_is_slow_is_a_page_with_504(
    gate: GatewayFixture, inge: httpx2.Client, faults: Faults
) -> None:
    faults.switch_on(REGISTER_SLOW, "20")
    answer = inge.get(HOME)
    assert answer.status_code == 504
    assert "<h1" in answer.text
    assert gate.records_with(answer.headers["x-request-id"])[0]["error"] == "upstream-timeout"
    faults.switch_on(REGISTER_SLOW, "0.1")
    begun = time.monotonic()
    assert inge.get(HOME).status_code == 200
    assert time.monotonic() - begun >= 0.1
    faults.switch_off(REGISTER_SLOW)
    assert inge.get(HOME).status_code == 200


@pytest.mark.parametrize("path", [HOME, "/echo/bytes?size=300000", STYLE, "/ncr/uitvoer/voorbeeld.csv"])
def test_an_answer_that_is_cut_off_never_looks_whole(
    gate: GatewayFixture, inge: httpx2.Client, faults: Faults, path: str
) -> None:
    whole = inge.get(path)
    assert whole.status_code == 200
    faults.switch_on(REGISTER_CUT)
    seen = b""
    with pytest.raises(httpx2.RemoteProtocolError), inge.stream("GET", path) as answer:
        assert answer.status_code == 200
        for part in answer.iter_raw():
            seen += part
    assert len(seen) < len(whole.content)
    record = gate.records_with(answer.headers["x-request-id"])[0]
    assert (record["status"], record["verdict"], record["error"]) == (200, "allow", "answer-cut")
    faults.switch_off(REGISTER_CUT)
    assert inge.get(path).content.endswith(whole.content[-100:])


def test_an_answer_without_a_body_is_cut_off_too(inge: httpx2.Client, faults: Faults) -> None:
    faults.switch_on(REGISTER_CUT)
    with pytest.raises(httpx2.RemoteProtocolError):
        inge.get(STYLE, headers={"range": "bytes=0-0"})
    faults.switch_off(REGISTER_CUT)
    assert inge.get(STYLE, headers={"range": "bytes=0-0"}).status_code == 206
