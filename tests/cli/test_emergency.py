"""`gateway emergency` on a running gateway: two people open a rule for a while, and what it allows is recorded and cut."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from typer.testing import CliRunner

from gateway.blocks.block_list import Block, change
from gateway.cli import application
from gateway.emergency.codes import new_code
from tests.gateway_fixture import CALL, Browser, GatewayFixture, scripted_gateway
from tests.pipeline.test_websocket import cookie_of, opened
from tests.two_machines import two_machines
from tests.waiting import until
from tests.websockets import socket_register

VAULT = {"path": "/vault/**"}
OTHERS = [{"organisation": {"equals": "0316380841"}}]
RULES: list[Any] = [
    {
        "id": "vault-emergency",
        "match": VAULT,
        "require": ["authenticated"],
        "websocket": True,
        "emergency": {"at_most": "60m"},
    },
    {"id": "vault", "match": VAULT, "require": OTHERS, "websocket": True},
    {
        "id": "events-emergency",
        "match": {"path": "/events"},
        "require": ["authenticated"],
        "emergency": {"at_most": "60m"},
    },
    {"id": "events", "match": {"path": "/events"}, "require": OTHERS},
    {"id": "rest", "match": {"path": "/**"}, "require": ["authenticated"]},
]
CODES = {name: new_code() for name in ("an", "bob")}
OPERATORS = {"operators": {name: hashed for name, (_, hashed) in CODES.items()}}
FAST = {"look_every": "100ms"}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    folder = tmp_path_factory.mktemp("emergency")
    with scripted_gateway(
        folder, rules=RULES, clock=time.time, emergency=OPERATORS, blocks=FAST,
        observe={"streams": {"judge_every": "10s"}},
    ) as found:  # fmt: skip
        yield found


@pytest.fixture(scope="module")
def alice(gate: GatewayFixture) -> Browser:
    browser = gate.browser()
    browser.log_in()
    return browser


def run(gate: GatewayFixture, *arguments: str, who: str = "", code: int = 0, typed: str = "") -> str:
    as_ = ("--as", who) if who else ()
    words = ["emergency", *arguments, *as_, "--env", "ti", "--config", str(gate.folder / "config.yaml")]
    done = CliRunner().invoke(application(words), words, input=f"{typed or CODES[who][0]}\n" if who else None)
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def asked(gate: GatewayFixture, *more: str, rule: str = "vault-emergency") -> str:
    """The id of an opening that Ann asked for."""
    said = run(gate, "open", rule, "--reason", "brand in Mechelen", *more, who="an")
    assert "NOTHING IS OPEN YET" in said
    return said.split("gateway emergency confirm ")[1].split(maxsplit=1)[0]


def metric(gate: GatewayFixture, line: str) -> bool:
    text: str = gate.client.get(f"http://localhost:{gate.observe_port}/metrics").text
    return line in text.splitlines()


def test_two_people_open_it_and_one_closes_it(gate: GatewayFixture, alice: Browser) -> None:
    opening = asked(gate)
    assert alice.call("/vault/1").status_code == 403
    assert "an asked for" in run(gate, "confirm", opening, who="an", code=1)
    assert "not the code of bob" in run(gate, "confirm", opening, who="bob", typed=CODES["an"][0], code=1)
    assert alice.call("/vault/1").status_code == 403
    said = run(gate, "confirm", opening, "--wait", who="bob")
    assert "OPEN in ti: vault-emergency, until" in said
    assert "1 of 1 worker" in said
    answer = alice.call("/vault/1")
    assert answer.status_code == 200
    (record,) = gate.records_with(answer.headers["x-request-id"])
    assert (record["rule"], record["emergency"]) == ("vault-emergency", opening)
    assert metric(gate, 'toegangspoort_emergency_open{rule="vault-emergency"} 1.0')
    ready = gate.client.get(f"http://localhost:{gate.observe_port}/readyz").json()
    assert f"({opening}, by an and bob)" in json.dumps(ready)
    assert "is open already" in run(gate, "open", "vault-emergency", "--reason", "x", who="an", code=1)
    assert "vault-emergency  OPEN" in run(gate, "list")
    assert "CLOSED in ti" in run(gate, "close", "vault-emergency", "--wait", who="bob")
    assert alice.call("/vault/1").status_code == 403
    assert "nobody matched" in run(gate, "close", opening, who="bob", code=1)
    kinds = [json.loads(line) for line in gate.records.read_text().splitlines() if '"emergency"' in line]
    actions = [each["action"] for each in kinds if each["kind"] == "emergency" and each["opening"] == opening]
    assert sorted(actions) == ["asked", "closed", "ended", "in-force", "opened"]
    words = ["records", "show", "--kind", "emergency", "--config", str(gate.folder / "config.yaml")]
    shown = CliRunner().invoke(application(words), words)
    assert [json.loads(line)["action"] for line in shown.stdout.splitlines() if opening in line] == actions
    words += ["--path", "/vault"]
    assert CliRunner().invoke(application(words), words).exit_code == 1


def test_it_weakens_no_block(gate: GatewayFixture, alice: Browser) -> None:
    run(gate, "confirm", asked(gate), "--wait", who="bob")
    assert alice.call("/vault/1").status_code == 200
    file = gate.folder / "var/ti.db.blocks.json"
    change(file, "ti", lambda _: [Block("b1", "organisation", "0428315871", "x", "x", time.time())])
    assert until(lambda: alice.call("/vault/1").json().get("code") == "blocked")
    change(file, "ti", lambda _: [])
    run(gate, "close", "vault-emergency", "--wait", who="an")
    assert until(lambda: alice.call("/echo").status_code == 200)


def test_it_ends_by_itself_and_cuts_streams(gate: GatewayFixture, alice: Browser) -> None:
    opening = asked(gate, "--minutes", "0.03", rule="events-emergency")
    run(gate, "confirm", opening, "--wait", who="bob")
    begun = time.monotonic()
    with alice.stream("GET", "/events") as stream, pytest.raises(httpx2.RemoteProtocolError):
        for _ in stream.iter_raw():
            assert time.monotonic() - begun < 8.0
    assert alice.call("/events").status_code == 403
    assert until(lambda: "closed by itself" in run(gate, "list"))


def test_a_socket_is_closed_with_4403_at_its_end(tmp_path: Path) -> None:

    with (
        socket_register() as register,
        scripted_gateway(
            tmp_path, backend=f"http://127.0.0.1:{register.port}", rules=RULES, clock=time.time,
            emergency=OPERATORS, blocks=FAST, observe={"streams": {"judge_every": "10s"}},
        ) as gate,
    ):  # fmt: skip
        cookie = cookie_of(gate)
        run(gate, "confirm", asked(gate, "--minutes", "0.03"), "--wait", who="bob")
        with opened(gate, cookie, "/vault/ws") as client:
            assert client.status == 101
            assert client.until_close()[1] == 4403


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("open", "vault-emergnecy", "--reason", "x"), "did you mean"),
        (("open", "vault", "--reason", "x"), "vault"),
        (("open", "vault-emergency", "--reason", " "), "say why"),
        (("open", "vault-emergency", "--reason", "x", "--minutes", "61"), "60 minutes at most"),
    ],
)
def test_wrong_arguments_change_nothing(gate: GatewayFixture, arguments: tuple[str, ...], words: str) -> None:
    assert words in run(gate, *arguments, who="an", code=2)
    assert "pending" not in run(gate, "list")


def test_nobody_is_an_operator_who_is_not_listed(gate: GatewayFixture) -> None:
    words = ("open", "vault-emergency", "--reason", "x")
    assert "say who you are" in run(gate, *words, code=2)


def test_the_rules_count_as_closed_unless_asked(gate: GatewayFixture) -> None:
    words = [
        "policy",
        "explain",
        "GET",
        "/vault/1",
        "--env",
        "ti",
        "--config",
        str(gate.folder / "config.yaml"),
    ]
    (gate.folder / "somebody.json").write_text('{"organisation": "0456789034"}')
    words += ["--as", str(gate.folder / "somebody.json")]
    closed = CliRunner().invoke(application(words), words)
    assert "REFUSED by rule 'vault'" in closed.output
    assert "'vault-emergency' would decide this if it were open" in closed.output
    opened = CliRunner().invoke(application(words), [*words, "--emergency", "vault-emergency"])
    assert "by rule 'vault-emergency'" in opened.output
    unknown = CliRunner().invoke(application(words), [*words, "--emergency", "vault-emergnecy"])
    assert unknown.exit_code == 1
    assert "did you mean 'vault-emergency'" in unknown.output


@pytest.mark.redis
def test_machines_share_openings_and_maintenance(tmp_path: Path) -> None:
    """Asked at one machine, confirmed at the other, in force at both."""
    emergency = {
        "id": "nood",
        "match": {"path": "/filed/**"},
        "require": ["anyone"],
        "emergency": {"at_most": "60m"},
    }
    with two_machines(tmp_path, provider={}, emergency=OPERATORS) as machines:
        for path in machines.configs:
            document = yaml.safe_load(path.read_text())
            document["rules"].insert(0, emergency)
            path.write_text(yaml.safe_dump(document, sort_keys=False))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(machines.start, (0, 1)))

        lines = {**CALL, "host": f"localhost:{machines.ports[0]}"}

        def answers(path: str) -> list[int]:
            return [
                httpx2.get(f"http://localhost:{port}{path}", trust_env=False, headers=lines).status_code
                for port in machines.ports[:2]
            ]

        def command(which: int, *words: str, typed: str = "") -> str:
            whole = [*words, "--env", "ti", "--config", str(machines.configs[which])]
            done = CliRunner().invoke(application(whole), whole, input=typed or None)
            assert done.exit_code == 0, (done.output, done.exception)
            return done.output

        codes = {name: f"{code}\n" for name, (code, _) in CODES.items()}
        said = command(0, "emergency", "open", "nood", "--reason", "x", "--as", "an", typed=codes["an"])
        opening = said.split("gateway emergency confirm ")[1].split(maxsplit=1)[0]
        assert answers("/filed/1") == [401, 401]
        said = command(1, "emergency", "confirm", opening, "--as", "bob", "--wait", typed=codes["bob"])
        assert "2 of 2 workers" in said
        assert answers("/filed/1") == [200, 200]
        assert "2 of 2 workers" in command(1, "maintenance", "start", "--wait")
        assert answers("/filed/1") == [503, 503]
        command(0, "maintenance", "end", "--wait")
        command(0, "emergency", "close", "nood", "--as", "an", "--wait", typed=codes["an"])
        assert answers("/filed/1") == [401, 401]


def test_an_opening_of_this_machine_alone_is_named_and_closes_as_it_says(
    gate: GatewayFixture, alice: Browser
) -> None:
    """Closing what all machines have leaves it open: nobody may read that the door is shut."""
    here = asked(gate, "--only-here")
    said = run(gate, "confirm", here, "--only-here", who="bob")
    assert f"gateway emergency close {here} --env ti --only-here\n" in said
    said = run(gate, "close", "vault-emergency", who="bob", code=1)
    assert f"nobody matched: {here} is of this machine alone: add --only-here. NOTHING WAS CHANGED." in said
    run(gate, "confirm", asked(gate), "--wait", who="bob")
    said = run(gate, "close", "vault-emergency", "--wait", who="bob")
    assert f"STILL OPEN on this machine alone: {here}, until " in said
    assert alice.call("/vault/1").status_code == 200
    run(gate, "close", here, "--only-here", who="bob")
    assert until(lambda: alice.call("/vault/1").status_code == 403, 20.0)
