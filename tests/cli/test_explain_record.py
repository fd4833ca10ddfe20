"""`gateway explain REFERENCE`: the record, both decisions, and the page that the person saw."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from gateway.cli import application
from tests.gateway_fixture import PAGE, EchoUpstream, GatewayFixture, gateway_fixture, scripted
from tests.waiting import until

NL = {**PAGE, "accept-language": "nl"}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with gateway_fixture(
        tmp_path_factory.mktemp("explain"), provider=scripted, backend=EchoUpstream()
    ) as gate:
        yield gate


def run(gate: GatewayFixture, *arguments: str) -> Result:
    return CliRunner().invoke(
        application(arguments), [*arguments, "--config", str(gate.folder / "config.yaml")]
    )


def explained(gate: GatewayFixture, reference: str, *arguments: str) -> str:
    done = run(gate, "explain", reference, *arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def reference_in(page: str) -> str:
    return re.search(r'id="reference">([0-9A-F]{4}-[0-9A-F]{4})<', page)[1]  # type: ignore[index]


def record_of(gate: GatewayFixture, reference: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def there() -> bool:
        lines = gate.records.read_text().splitlines()
        found[:] = [each for each in map(json.loads, lines) if each.get("reference") == reference]
        return bool(found)

    assert until(there, 10.0)
    return found[0]


def test_a_denial_is_explained_with_both_rule_sets_and_the_very_page(
    gate: GatewayFixture, tmp_path: Path
) -> None:
    browser = gate.browser()
    browser.log_in()
    answer = browser.go("/organisaties/0777000187/meldingen/1", headers=NL)
    assert answer.status_code == 403
    reference = reference_in(answer.text)
    record = record_of(gate, reference)
    assert record["answer"] == {"shown": "page", "language": "nl", "looking": "page", "forwarded": "no"}
    file = tmp_path / "page.html"
    nowhere = run(gate, "explain", reference, "--html", str(tmp_path / "no/page.html"))
    assert nowhere.exit_code == 2
    assert f"cannot write {tmp_path}/no/page.html: No such file or directory" in nowhere.output
    said = explained(gate, reference, "--html", str(file))
    assert f"{reference} ({record['request_id']})" in said
    assert re.search(r"when +20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} CES?T", said)
    assert "REFUSED by rule 'own'" in said
    assert "They are the same." in said

    # Apart from names, which are not recorded, the page is the one that was sent.
    def plain(page: str) -> str:
        return re.sub(r"<style.*?</style>|\s+", " ", page, flags=re.DOTALL)

    seen, again = plain(answer.text), plain(file.read_text("utf-8"))
    assert '<html lang="nl">' in again
    assert reference in again
    assert re.search(r"<h1>.*?</h1>", seen)[0] == re.search(r"<h1>.*?</h1>", again)[0]  # type: ignore[index]
    for item in re.findall(r"<li>.*?</li>", seen):
        assert item in again
    assert record["who"]["person"] in again
    # The reference as people write it down, and the long one.
    for other in (reference.lower(), reference.replace("-", ""), record["request_id"]):
        assert json.loads(explained(gate, other, "--json"))["record"]["seq"] == record["seq"]


def test_the_rules_of_that_moment_are_kept(tmp_path: Path) -> None:
    with gateway_fixture(tmp_path, provider=scripted, backend=EchoUpstream()) as gate:
        browser = gate.browser()
        browser.log_in()
        reference = reference_in(browser.go("/organisaties/0777000187/meldingen/1", headers=NL).text)
        hash_ = record_of(gate, reference)["rules"]
        kept = gate.records.with_name(f"{gate.records.name}.rules")
        assert until((kept / f"{hash_}.json.gz").exists, 5.0)
        config = gate.folder / "config.yaml"
        document = yaml.safe_load(config.read_text())
        document["rules"][1]["require"] = ["authenticated"]
        config.write_text(yaml.safe_dump(document))
        found = json.loads(explained(gate, reference, "--json"))
        assert (found["then"]["outcome"], found["then"]["rule_set"]) == ("deny", hash_)
        assert found["today"]["outcome"] == "allow"
        assert "own" in found["then"]["rule"]
        said = explained(gate, reference)
        assert said.index("REFUSED by rule 'own'") < said.index("ALLOWED by rule 'own'")
        # The page is that of then.
        assert found["page"]["language"] == "nl"
        assert "0777.000.187" in found["page"]["body"] or "0777000187" in found["page"]["body"]
        # Whoever can write the folder cannot put other rules there.
        file = kept / f"{hash_}.json.gz"
        file.write_bytes(b"\x1f\x8b" + file.read_bytes()[2:40])
        assert "cannot be read" in json.loads(explained(gate, reference, "--json"))["then"]["why_not"]
        file.unlink()
        assert "is not kept" in json.loads(explained(gate, reference, "--json"))["then"]["why_not"]


def test_a_400_leaves_its_reason_host_and_target(gate: GatewayFixture) -> None:
    answer = gate.client.get(f"{gate.url}/meldingen/%zz/85.07.30-033.28?code=geheim", headers=NL)
    assert answer.status_code == 400
    reference = reference_in(answer.text)
    record = record_of(gate, reference)
    assert (record["reason"], record["verdict"], record["error"]) == ("path-escape", "refused", "bad-request")
    host = f"localhost:{gate.port}"
    assert record["asked"] == {"method": "GET", "host": host, "target": "/meldingen/%zz/[national number]"}
    assert "geheim" not in json.dumps(record)
    said = explained(gate, reference)
    assert "No rule was asked: the request ended before (path-escape)." in said
    assert f"{host}/meldingen/%zz/[national number]" in said
    assert "THE PAGE THAT WAS SHOWN (nl)" in said
    title = re.search(r"<h1>(.*?)</h1>", answer.text)[1]  # type: ignore[index]
    assert title in said


@pytest.mark.parametrize(
    ("lines", "status", "reason", "error"),
    [
        ({"content-length": "99999999999999"}, 413, "content-too-large", "content-too-large"),
        ({"host": "another.test"}, 400, "host-unknown", "bad-request"),
        ({"transfer-encoding": "gzip"}, 400, "malformed", "bad-request"),
    ],
)
def test_every_refusal_before_a_decision_has_its_record(
    gate: GatewayFixture, lines: dict[str, str], status: int, reason: str, error: str
) -> None:
    head = {"host": f"localhost:{gate.port}", **lines, "accept": "application/json"}
    octets = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    with socket.create_connection(("127.0.0.1", gate.port), timeout=10) as sock:
        sock.sendall(f"GET /echo/a?code=geheim HTTP/1.1\r\n{octets}\r\n".encode())
        answer = sock.recv(65_536).decode()
    assert f" {status} " in answer.splitlines()[0]
    (record,) = gate.records_with(re.search(r"x-request-id: (\S+)", answer)[1])  # type: ignore[index]
    assert (record["status"], record["reason"], record["error"]) == (status, reason, error)
    assert record.get("path") == "/echo/a" or record["asked"] == {
        "method": "GET", "host": head["host"], "target": "/echo/a",
    }  # fmt: skip
    assert "geheim" not in json.dumps(record)
    assert f"({reason})" in explained(gate, record["request_id"]) or record["verdict"] != "refused"


def test_a_head_that_does_not_come_is_recorded(tmp_path: Path) -> None:
    with gateway_fixture(tmp_path, provider=scripted, edge={"header_timeout": "200ms"}) as gate:
        with socket.create_connection(("127.0.0.1", gate.port), timeout=10) as sock:
            sock.sendall(b"GET /echo/slow HTTP/1.1\r\nHost: a.test\r\n")
            answer = sock.recv(65_536).decode()
        assert " 408 " in answer.splitlines()[0]
        (record,) = gate.records_with(re.search(r"x-request-id: (\S+)", answer)[1])  # type: ignore[index]
        assert (record["reason"], record["status"]) == ("head-slow", 408)
        assert record["client"] == "127.0.0.1"


LOOKS = b"Accept: text/html\r\nAccept-Language: nl\r\nSec-Fetch-Mode: navigate\r\n"


@pytest.mark.parametrize(
    ("octets", "status", "reason"),
    [
        (b"GET /x HTTP/1.1\r\nHost: a.test\r\n" + LOOKS + b"X A: b\r\n\r\n", 400, "malformed"),
        (b"GET /%b HTTP/1.1\r\nHost: a.test\r\n" % (b"a" * 40_000) + LOOKS + b"\r\n", 414, "target-too-long"),
        (
            b"GET /x HTTP/1.1\r\nHost: a.test\r\n" + LOOKS + b"X: %b\r\n\r\n" % (b"a" * 40_000),
            431,
            "head-too-large",
        ),
        (b"GET /x HTTP/2.0\r\nHost: a.test\r\n" + LOOKS + b"\r\n", 505, "http-version"),
    ],
)
def test_what_the_listener_refuses_is_recorded_too(
    gate: GatewayFixture, octets: bytes, status: int, reason: str
) -> None:
    with socket.create_connection(("127.0.0.1", gate.port), timeout=10) as sock:
        sock.sendall(octets)
        answer = b""
        while more := sock.recv(65_536):
            answer += more
    page = answer.decode()
    assert f" {status} " in page.splitlines()[0]
    reference = reference_in(page)
    record = record_of(gate, reference)
    assert (record["status"], record["reason"]) == (status, reason)
    assert record["asked"]["target"].startswith(("/x", "/aaa"))
    assert len(record["asked"]["target"]) < 400
    if status != 414:
        assert record["asked"]["host"] == "a.test"
    said = explained(gate, reference)
    assert "THE PAGE THAT WAS SHOWN (nl)" in said
    assert re.search(r"<h1>(.*?)</h1>", page)[1].replace("&#39;", "'") in said  # type: ignore[index]


def test_a_body_that_ends_badly_is_explained_with_who_sent_it_and_the_page_of_the_listener(
    gate: GatewayFixture,
) -> None:
    browser = gate.browser()
    browser.log_in()
    cookies = browser.headers({})["cookie"].encode()
    lines = b"Host: localhost:%d\r\nCookie: %b\r\nOrigin: %b\r\n" % (gate.port, cookies, gate.url.encode())
    with socket.create_connection(("127.0.0.1", gate.port), timeout=10) as sock:
        sock.sendall(
            b"POST /echo/x HTTP/1.1\r\n" + lines + LOOKS + b"Content-Length: 99999\r\n\r\n" + 20_000 * b"x"
        )
        assert until(lambda: gate.gateway.areas.register.upstreams.open_connections > 0, 10.0)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while more := sock.recv(65_536):
            answer += more
    page = answer.decode()
    reference = reference_in(page)
    record = record_of(gate, reference)
    assert (record["status"], record["verdict"], "who" in record) == (400, "allow", True)
    said = explained(gate, reference)
    assert "THE PAGE THAT WAS SHOWN (nl)" in said
    assert re.search(r"<h1>(.*?)</h1>", page)[1].replace("&#39;", "'") in said  # type: ignore[index]


def test_a_record_of_another_environment_is_not_what_was_asked_for(
    gate: GatewayFixture, tmp_path: Path
) -> None:
    answer = gate.browser().go("/organisaties/0777000187/meldingen/2", headers=NL)
    (record,) = gate.records_with(answer.headers["x-request-id"])
    file = tmp_path / "prd.jsonl"
    file.write_text(json.dumps({**record, "environment": "prd"}) + "\n")
    done = run(gate, "explain", record["request_id"], "--env", "ti", "--records", str(file))
    assert done.exit_code == 1
    assert "no record has the reference" in done.output


def test_nothing_is_found_without_words_about_it(gate: GatewayFixture) -> None:
    done = run(gate, "explain", "0000-0000")
    assert done.exit_code == 1
    assert "no record has the reference '0000-0000'" in done.stderr
    assert str(gate.records) in done.stderr


def test_why_a_record_cannot_be_decided_again(gate: GatewayFixture, tmp_path: Path) -> None:
    reference = reference_in(gate.client.get(f"{gate.url}/none", headers=NL).text)
    record = record_of(gate, reference)
    file = tmp_path / "records.jsonl"
    for changes, words in (
        ({"emergency": "a1", "rule": "urgent"}, "The emergency rule 'urgent' let it in while it was open."),
        ({"v": 2}, "It cannot be decided again: it is one of the records of another version."),
    ):
        file.write_text(json.dumps({**record, "verdict": "allow", **changes}))
        said = explained(gate, reference, "--records", str(file))
        assert said.count(words) == 2
        assert "No rule was asked" not in said


def test_a_file_that_does_not_load_keeps_nobody_from_the_rules_of_that_moment(gate: GatewayFixture) -> None:
    browser = gate.browser()
    browser.log_in()
    reference = reference_in(browser.go("/organisaties/0777000187/meldingen/1", headers=NL).text)
    record_of(gate, reference)
    sound = gate.folder / "config.yaml"
    broken = gate.folder / "broken.yaml"
    broken.write_text(sound.read_text().replace("authenticated", "autenticated"))
    given = ["explain", reference, "--config", str(broken)]
    done = CliRunner().invoke(application(given), given)
    assert done.exit_code == 0, done.output
    assert "REFUSED by rule 'own'" in done.stdout
    assert f"{broken} does not load; gateways that run go on by earlier rules" in done.stdout
    assert "THE PAGE THAT WAS SHOWN (nl)" in done.stdout
    assert done.stderr.count("did you mean 'authenticated'") == 1
