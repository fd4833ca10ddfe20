"""`gateway maintenance` on a running gateway: people get a page, programs JSON, testers the register."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from gateway.cli import application
from tests.gateway_fixture import Browser, GatewayFixture, scripted_gateway
from tests.pipeline.test_websocket import cookie_of, opened
from tests.waiting import until
from tests.websockets import socket_register

FAST = {"look_every": "100ms"}
FORM = {
    "accept": "text/html",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
    "sec-fetch-site": "same-origin",
    "content-type": "application/x-www-form-urlencoded",
}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(
        tmp_path_factory.mktemp("maintenance"), clock=time.time, blocks=FAST,
        maintenance={"message": {"nl": "Het register verhuist."}},
        observe={"streams": {"judge_every": "10s"}},
    ) as found:  # fmt: skip
        yield found


@pytest.fixture(scope="module")
def alice(gate: GatewayFixture) -> Browser:
    browser = gate.browser()
    browser.log_in()
    return browser


def run(gate: GatewayFixture, *arguments: str, code: int = 0) -> str:
    words = ["maintenance", *arguments, "--env", "ti", "--config", str(gate.folder / "config.yaml")]
    done = CliRunner().invoke(application(words), words)
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def lines_of(gate: GatewayFixture) -> set[str]:
    """The metrics: lines, and what they count."""
    text: str = gate.client.get(f"http://localhost:{gate.observe_port}/metrics").text
    return {part for line in text.splitlines() for part in (line, line.partition(" ")[0])}


@pytest.fixture
def over(gate: GatewayFixture) -> Iterator[None]:
    yield
    CliRunner().invoke(
        application(["maintenance"]),
        ["maintenance", "end", "--wait", "--env", "ti", "--config", str(gate.folder / "config.yaml")],
    )


def test_people_get_a_page_and_programs_json(gate: GatewayFixture, alice: Browser, over: None) -> None:
    assert "everything, until" in run(gate, "start", "--until", "2h", "--wait")
    page = alice.page("/echo", **{"accept-language": "nl"})
    assert page.status_code == 503
    assert "Er wordt aan deze dienst gewerkt" in page.text
    assert "Het register verhuist." in page.text
    assert "De werken duren tot" in page.text
    assert 7_000 < int(page.headers["retry-after"]) <= 7_200
    english = alice.page("/echo", **{"accept-language": "en"})
    assert '<p lang="nl">Het register verhuist.</p>' in english.text
    problem = alice.call("/echo", **{"accept-language": "en"})
    body = problem.json()
    assert (body["code"], body["message"]) == ("maintenance", "Het register verhuist.")
    assert body["until"].startswith("20")
    (record,) = gate.records_with(problem.headers["x-request-id"])
    assert (record["verdict"], record["reason"], record["maintenance"]) == (
        "refused", "maintenance", body["maintenance"],
    )  # fmt: skip
    # Nobody is sent to a login that leads nowhere.
    assert gate.browser().page("/echo").status_code == 503


def test_own_endpoints_and_health_go_on_and_nothing_counts_as_a_failure(
    gate: GatewayFixture, alice: Browser, over: None
) -> None:
    run(gate, "start", "--wait")
    assert alice.page("/echo").headers["retry-after"] == "300"
    assert gate.client.get(f"{gate.url}/.well-known/jwks.json").status_code == 200
    assert alice.call("/oauth2/userinfo").status_code == 200
    bert = gate.browser()
    bert.log_in()
    assert bert.logged_in
    ready = gate.client.get(f"http://localhost:{gate.observe_port}/readyz")
    assert ready.status_code == 200
    assert "everything, since" in json.dumps(ready.json())
    counted = 'toegangspoort_requests_total{code="maintenance",method="GET"}'
    assert until(lambda: {"toegangspoort_maintenance 1.0", counted} <= lines_of(gate))
    assert not any('code="503"' in line for line in lines_of(gate))


def test_who_has_a_right_works_on_and_a_path_is_enough(
    gate: GatewayFixture, alice: Browser, over: None
) -> None:
    run(gate, "start", "--path", "/filed/**", "--wait")
    assert alice.call("/filed/1").status_code == 503
    assert alice.call("/echo").status_code == 200
    run(gate, "end", "--wait")
    run(gate, "start", "--except", "indiener", "--wait")
    assert alice.call("/filed/1").status_code == 200
    assert gate.browser().call("/public/x").status_code == 503


def test_a_form_is_kept_and_sent_afterwards(gate: GatewayFixture, alice: Browser, over: None) -> None:
    run(gate, "start", "--until", "1h", "--wait")
    answer = alice.request("POST", "/form", headers=FORM | {"origin": gate.url}, content=b"naam=Jef")
    assert answer.status_code == 503
    assert "/oauth2/resume?form=" in answer.text
    back = answer.text.split('href="/oauth2/resume?form=')[1].split('"')[0]
    run(gate, "end", "--wait")
    asked = alice.page(f"/oauth2/resume?form={back}")
    assert asked.status_code == 200
    action = asked.text.split('action="')[1].split('"')[0].replace("&amp;", "&")
    name, value = asked.text.split('type="hidden" name="')[1].split('"')[:3:2]
    sent = alice.request("POST", action, headers=FORM | {"origin": gate.url}, data={name: value})
    assert (sent.status_code, sent.json()["body"]) == (200, "naam=Jef")


def test_streams_are_cut_or_kept(gate: GatewayFixture, alice: Browser, over: None) -> None:
    with alice.stream("GET", "/events") as stream:
        lines = stream.iter_raw()
        next(lines)
        time.sleep(1.0)  # exchanges younger than that are left alone for a moment
        run(gate, "start", "--streams", "keep", "--wait")
        for _ in range(50):
            next(lines)
        run(gate, "start", "--wait")
        with pytest.raises(httpx2.RemoteProtocolError):
            for _ in lines:
                pass


def test_sockets_are_told_to_come_back_later(tmp_path: Path) -> None:
    rules: list[Any] = [
        {"id": "all", "match": {"path": "/**"}, "require": ["authenticated"], "websocket": True}
    ]
    with (
        socket_register() as register,
        scripted_gateway(
            tmp_path, backend=f"http://127.0.0.1:{register.port}", rules=rules, clock=time.time, blocks=FAST
        ) as gate,
    ):
        cookie = cookie_of(gate)
        with opened(gate, cookie) as client:
            assert client.status == 101
            run(gate, "start", "--wait")
            assert client.until_close()[1] == 1013
        with opened(gate, cookie) as client:
            assert client.status == 503


def test_a_plan_in_the_file_goes_live_without_a_restart(gate: GatewayFixture, alice: Browser) -> None:
    path = gate.folder / "config.yaml"
    before = path.read_text()
    planned = "windows: [{from: 2026-01-01T00:00, until: 2126-01-01T00:00, paths: [/echo]}]"
    assert "    maintenance:\n" in before
    path.write_text(before.replace("    maintenance:\n", f"    maintenance:\n      {planned}\n"))
    try:
        assert until(lambda: alice.call("/echo").status_code == 503, 20.0)
        assert "planned-1  /echo, IN MAINTENANCE since 2026-01-01 00:00:00 CET" in run(gate, "list")
        assert "change it there" in run(gate, "end", "planned-1", code=1)
        words = ["policy", "explain", "GET", "/echo", "--env", "ti", "--config", str(path)]
        said = CliRunner().invoke(application(words), words).output
        assert said.startswith("MAINTENANCE since 2026-01-01 00:00:00 CET until 2126-01-01 00:00:00 CET")
    finally:
        path.write_text(before)
    assert until(lambda: alice.call("/echo").status_code == 200, 20.0)


def test_the_command_refuses_what_cannot_be_meant(gate: GatewayFixture) -> None:
    for arguments, words in (
        (("start", "--except", "indeiner"), "did you mean 'indiener'"),
        (("start", "--until", "2020-01-01"), "in the past"),
        (("start", "--path", "filed"), "--path filed"),
        (("start", "--path", "/oauth2/**"), "the gateway's own"),
        (("start", "--path", "/a;b"), "no request comes to /a;b"),
        (("start", "--from", "2099-01-02", "--until", "2099-01-01"), "before it begins"),
        (("start", "--from", "2099-03-29T02:30", "--until", "2099-03-30"), "does not exist in Belgium"),
        (("start", "--streams", "maybe"), "cut or keep"),
        (("start", "--message", "xx=hallo"), "language"),
    ):
        assert words in run(gate, *arguments, code=2)
    assert "nobody matched" in run(gate, "end", code=1)


def test_what_is_of_this_machine_alone_is_named_and_ends_as_it_says(gate: GatewayFixture) -> None:
    """Ending what all machines have leaves it in force: nobody may read that all is over."""
    said = run(gate, "start", "--path", "/x/**", "--only-here")
    one = said.split("gateway maintenance end ")[1].split(maxsplit=1)[0]
    assert f"gateway maintenance end {one} --env ti --only-here\n" in said
    for arguments in ((one,), ()):
        said = run(gate, "end", *arguments, code=1)
        assert f"nobody matched: {one} is of this machine alone: add --only-here" in said
    assert "--only-here" not in run(gate, "start", "--path", "/y/**")
    said = run(gate, "end", "--wait")
    assert f"STILL ORDERED on this machine alone: {one}, /x/**\n" in said
    assert f"To end it: gateway maintenance end {one} --env ti --only-here\n" in said
    assert f"ENDED in ti: {one}" in run(gate, "end", one, "--only-here")
    assert "STILL" not in run(gate, "end", code=1)


def test_a_path_that_the_register_may_read_in_two_ways_is_refused(tmp_path: Path) -> None:
    with scripted_gateway(tmp_path, blocks=FAST, paths={"case": "insensitive"}) as gate:
        said = run(gate, "start", "--path", "/categorie\u00ebn/**", code=2)
        assert "a path pattern has letters a to z only, and not \u00eb" in said
        assert "nobody matched" in run(gate, "end", code=1)
