"""`gateway block` on a running gateway: who is blocked is out within seconds, streams too, and back after it."""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from gateway.blocks.block_list import change
from gateway.cli import application
from gateway.config import load
from gateway.observe import record_reader
from gateway.observe.proof import verify
from gateway.session.sessions import Sessions
from simulator.login import login
from tests.cli.conftest import Site
from tests.processes import gateway_process
from tests.redis_server import running_redis
from tests.running import free_ports
from tests.waiting import until

PATIENCE = 15.0
PAGE = {"accept": "text/html", "accept-language": "nl"}


def status_becomes(site: Site, cookie: str, status: int, path: str = "/echo") -> httpx2.Response:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = httpx2.get(f"{site.url}{path}", headers={"cookie": cookie, **PAGE}, trust_env=False)
        if answer.status_code == status:
            return answer
        time.sleep(0.05)
    raise AssertionError(answer.status_code)


def block(site: Site, *arguments: str, exit_code: int = 0) -> str:
    done = CliRunner().invoke(application(["block"]), ["block", *arguments, "--config", str(site.config)])
    assert done.exit_code == exit_code, done.output
    return done.output


def all_report(site: Site, workers: int) -> bool:
    """Whether so many workers know the blocks of the session store."""
    return len(json.loads(block(site, "list", "--env", "ti", "--json"))["gateways"]["current"]) == workers


def named(said: str) -> str:
    return said.split("gateway block remove ")[1].split(maxsplit=1)[0]


def session_command(site: Site, *arguments: str, exit_code: int = 0) -> str:
    whole = ["sessions", *arguments, "--config", str(site.config), "--env", "ti", "--json"]
    done = CliRunner().invoke(application(whole), whole)
    assert done.exit_code == exit_code, done.output
    return done.stdout


def typed(site: Site, words: str, *arguments: str) -> str:
    """What the command says where its questions are answered like this."""
    done = CliRunner().invoke(application(arguments), [*arguments, "--config", str(site.config)], input=words)
    assert done.exit_code == 0, done.output
    return done.output


def test_an_organisation_is_out_within_seconds_and_in_again(site: Site) -> None:
    with gateway_process(site.config, "ti", site.ready, "--workers", "2"):
        assert until(lambda: all_report(site, 2), pause=0.1)
        cookie, other = login(site.url, "indiener"), login(site.url, "ovam")
        who = httpx2.get(f"{site.url}/oauth2/userinfo", headers={"cookie": cookie}, trust_env=False).json()
        code = who["organisation"]["code"]
        with (
            httpx2.Client(trust_env=False, headers={"cookie": cookie}, timeout=PATIENCE) as client,
            client.stream("GET", f"{site.url}/echo/stream?events=5000&interval=0.02") as stream,
        ):
            said = block(
                site, "add", "--env", "ti", "--organisation", f"BE {code[:4]}.{code[4:7]}.{code[7:]}",
                "--until", "8h", "--reason", "geheim onderzoek 85073003328", "--wait",
            )  # fmt: skip
            assert said.startswith(
                f"environment ti, store sqlite:{site.config.parent}/var/ti.db, config {site.config}"
            )
            assert f"BLOCKED in ti: organisation {code}, until " in said
            assert "1 session of them now." in said
            assert "2 of 2 workers (" in said
            name = named(said)
            # Confirmed: no worker lets anybody of it in from here on.
            for _ in range(8):
                assert (
                    httpx2.get(f"{site.url}/echo", headers={"cookie": cookie}, trust_env=False).status_code
                    == 403
                )
            with pytest.raises(httpx2.RemoteProtocolError):
                for _ in stream.iter_raw():
                    pass
        for _ in range(8):
            page = status_becomes(site, cookie, 403)
        assert "Uw toegang tot deze dienst is geblokkeerd" in page.text
        assert "1700" in page.text
        assert "onderzoek" not in page.text
        problem = httpx2.get(f"{site.url}/echo", headers={"cookie": cookie}, trust_env=False).json()
        assert (problem["code"], problem["block"]) == ("blocked", name)
        assert status_becomes(site, other, 200)
        listed = block(site, "list", "--env", "ti")
        assert f"{name}  organisation {code}, until " in listed
        assert "geheim onderzoek" in listed
        data = json.loads(block(site, "list", "--env", "ti", "--json"))
        assert data["blocks"][0]["holds"] is True
        assert len(data["gateways"]["current"]) == 2
        assert f"REMOVED in ti: organisation {code}" in block(site, "remove", name, "--env", "ti")
        status_becomes(site, cookie, 200)
        assert "there is no block" in block(site, "remove", name, "--env", "ti", exit_code=1)
        assert "nobody is blocked in ti" in block(site, "list", "--env", "ti")
    path = site.config.parent / "var/ti.jsonl"
    assert verify([("ti.jsonl", record_reader.record_lines(path))]).sound
    written = list(record_reader.read_records(record_reader.record_lines(path)))
    refused = [each for each in written if each.get("block") == name and each["kind"] == "request"]
    assert {(each["verdict"], each["reason"], each["error"]) for each in refused} == {
        ("refused", "blocked", "blocked")
    }
    assert all("person" in each["who"] for each in refused)
    cut = next(each for each in written if "cut" in each)
    assert (cut["verdict"], cut["error"], cut["cut"]["reason"]) == ("allow", "stream-cut", "blocked")
    did = [each for each in written if each["kind"] == "block"]
    assert [(each["action"], each["block"], each["organisation"]) for each in did] == [
        ("added", name, code),
        ("removed", name, code),
    ]
    assert "85073003328" not in path.read_text()
    assert len([each for each in written if each["kind"] == "blocks" and each["blocks"] == [name]]) == 2


def known_by_pseudonym_and_by_subject(site: Site) -> None:
    """A person is blocked by `sub`, let in again, and blocked by how the pseudonym begins."""
    cookie = login(site.url, "indiener")
    status_becomes(site, cookie, 200)
    subject = httpx2.get(f"{site.url}/oauth2/userinfo", headers={"cookie": cookie}, trust_env=False).json()[
        "subject"
    ]
    said = typed(site, f"{subject}\n", "block", "add", "--env", "ti", "--sub", "--reason", "gestolen toestel")
    name = named(said)
    assert subject not in said
    for kept in (site.config.parent / "var").glob("ti.db*.json"):
        assert subject not in kept.read_text()
    status_becomes(site, cookie, 403)
    block(site, "remove", name, "--env", "ti")
    status_becomes(site, cookie, 200)
    records = site.config.parent / "var/ti.jsonl"
    pseudonym = next(
        each["who"]["person"]
        for each in record_reader.read_records(record_reader.record_lines(records))
        if "who" in each
    )
    block(site, "add", "--env", "ti", "--subject", pseudonym[:6], "--reason", "r", "--until", "1h")
    status_becomes(site, cookie, 403)
    listed = json.loads(session_command(site, "list"))["sessions"]
    assert [each["person"] for each in listed] == [pseudonym]


def test_people_are_out_at_once_by_revocation_and_by_block(site: Site) -> None:
    site.config.write_text(
        site.config.read_text().replace("session:\n", "session:\n      cache_ttl: 300s\n", 1)
    )
    with gateway_process(site.config, "ti", site.ready, "--workers", "2"):
        assert until(lambda: all_report(site, 2), pause=0.1)
        cookie = login(site.url, "indiener")
        for _ in range(8):
            status_becomes(site, cookie, 200)
        (listed,) = json.loads(session_command(site, "list"))["sessions"]
        with (
            httpx2.Client(trust_env=False, headers={"cookie": cookie}, timeout=PATIENCE) as client,
            client.stream("GET", f"{site.url}/echo/stream?events=5000&interval=0.02") as stream,
        ):
            done = json.loads(session_command(site, "revoke", "--subject", listed["person"], "--wait"))
            assert (done["matched"], done["confirmed"], done["not_confirmed"]) == (1, 2, [])
            for _ in range(8):
                answer = httpx2.get(f"{site.url}/echo", headers={"cookie": cookie}, trust_env=False)
                assert answer.status_code == 401
            with pytest.raises(httpx2.RemoteProtocolError):
                for _ in stream.iter_raw():
                    pass
        session_command(site, "revoke", "--subject", listed["person"], exit_code=1)
        known_by_pseudonym_and_by_subject(site)
    written = list(
        record_reader.read_records(record_reader.record_lines(site.config.parent / "var/ti.jsonl"))
    )
    (did,) = [each for each in written if each["kind"] == "sessions"]
    assert (did["action"], did["sessions"]) == ("revoked", [listed["id"]])


@pytest.mark.redis
def test_machines_share_blocks_and_a_silent_one_is_named(tmp_path: Path) -> None:
    """Two gateways with files of their own on one Redis; one of them stops answering."""
    with (
        tempfile.TemporaryDirectory(prefix="gw-redis-") as place,
        running_redis(Path(place)) as redis,
        ExitStack() as stack,
    ):
        ports = free_ports(4)
        sites, children = [], []
        for which in (0, 1):
            folder = tmp_path / str(which)
            folder.mkdir()
            site = Site(
                folder, "http://localhost:1", "http://localhost:2", (ports[2 * which], ports[2 * which + 1])
            )
            site.config.write_text(site.config.read_text().replace("sqlite:var/ti.db", redis.url))
            sites.append(site)
            children.append(stack.enter_context(gateway_process(site.config, "ti", site.ready)))
        said = block(
            sites[0], "add", "--env", "ti", "--organisation", "0777.000.187", "--reason", "r", "--wait"
        )
        assert "2 of 2 workers (" in said
        assert "0 sessions of them now." in said
        for site in sites:
            ready = httpx2.get(site.ready, trust_env=False).json()["checks"]["blocks"]
            assert (ready["degraded"], ready["detail"]) == (
                False,
                "current: revision 1 of the session store, 1 known here",
            )
            assert "organisation 0777000187" in block(site, "list", "--env", "ti")
        children[1].send_signal(signal.SIGSTOP)
        try:
            said = block(
                sites[0], "remove", named(said), "--env", "ti", "--wait", "--timeout", "3", exit_code=3
            )
        finally:
            children[1].send_signal(signal.SIGCONT)
        assert "REMOVED in ti" in said
        assert "1 of 2 workers" in said
        assert f"worker {children[1].pid} on " in said.split("NOT CONFIRMED by:")[1]


WRONG = [
    (["--reason", "r"], "say who to block: one of --organisation, --subject, --sub and --id"),
    (["--reason", "r", "--organisation", "1", "--subject", "2"], "one of --organisation"),
    (["--reason", " ", "--organisation", "0428315871"], "say why, with --reason"),
    (["--reason", "r", "--organisation", "a b c!"], "is not the code of an organisation"),
    (["--reason", "r", "--organisation", "04283"], "has 5 digits, but a KBO number has 10"),
    (["--reason", "r", "--organisation", "0428315872"], "check digits are wrong"),
    (["--reason", "r", "--organisation", "BE 0428.315.8711"], "has 11 digits, but a KBO number has 10"),
    (["--reason", "r", "--organisation", "0428315871", "--until", "soon"], "is not a time: write 8h"),
    (["--reason", "r", "--organisation", "0428315871", "--until", "2020-01-01"], "is in the past"),
    (["--reason", "r", "--organisation", "0428315871", "--until", "0m"], "is in the past"),
    (["--reason", "r", "--organisation", "0428315871", "--until", "99999999d"], "is not a time"),
    (["--reason", "r", "--organisation", "0428315871", "--until", "9" * 30 + "d"], "is not a time"),
    (["--reason", "r", "--subject", " "], "--subject takes the pseudonym"),
    (["--reason", "r", "--subject", "iemand@vlaanderen.be"], "For ACM's `sub` use --sub"),
    (["--organisation", "0428315871"], "Missing option '--reason'"),
]


async def serve(site: Site) -> None:
    """A gateway has used the store and its file of blocks."""
    config = load(site.config)
    session = config.environment("ti").session
    sessions = Sessions(session, environment="ti", secure=False, clock=time.time)
    await sessions.start()
    await sessions.board.serve()
    await sessions.aclose()
    await asyncio.to_thread(change, config.blocks_file("ti"), "ti", lambda found: found)


@pytest.fixture
def quiet(tmp_path: Path) -> Site:
    """An environment whose gateway has stopped."""
    site = Site(tmp_path, "http://localhost:1", "http://localhost:2", (3, 4))
    asyncio.run(serve(site))
    return site


def test_what_is_not_clear_changes_nothing(quiet: Site) -> None:
    for arguments, words in WRONG:
        assert words in block(quiet, "add", "--env", "ti", *arguments, exit_code=2)
    assert "nobody is blocked" in block(quiet, "list", "--env", "ti")


def test_a_block_that_is_there_is_not_added_again(quiet: Site) -> None:
    first = block(
        quiet, "add", "--env", "ti", "--organisation", "0428315871", "--reason", "fraude", "--until", "8h"
    )
    again = block(
        quiet, "add", "--env", "ti", "--organisation", "BE0428315871", "--reason", "gsm", "--until", "1h"
    )
    assert "ALREADY BLOCKED in ti" in again
    assert named(again) == named(first)
    longer = block(quiet, "add", "--env", "ti", "--organisation", "0428315871", "--reason", "gsm")
    assert (
        "BLOCKED in ti for longer, by the same block: organisation 0428315871, until it is removed" in longer
    )
    (only,) = json.loads(block(quiet, "list", "--env", "ti", "--json"))["blocks"]
    assert (only["id"], only["until"], only["reason"]) == (named(first), None, "fraude; gsm")


def test_removing_says_what_still_blocks(quiet: Site) -> None:
    who = "A" * 22
    shared = named(block(quiet, "add", "--env", "ti", "--subject", who, "--reason", "gsm"))
    here = block(quiet, "add", "--env", "ti", "--subject", who, "--reason", "fraude", "--only-here")
    assert "ONLY ON THIS MACHINE" in here
    assert f"gateway block remove {named(here)} --env ti --only-here\n" in here
    assert "(only on this machine)" in block(quiet, "list", "--env", "ti")
    said = block(quiet, "remove", shared, "--env", "ti")
    assert f"REMOVED in ti: person {who}" in said
    assert f"STILL BLOCKED by {named(here)}: person {who}, until it is removed (fraude)" in said
    assert "STILL" not in block(quiet, "remove", named(here), "--env", "ti")
    assert "nobody matched: there is no block" in block(quiet, "remove", shared, "--env", "ti", exit_code=1)


def test_a_pseudonym_that_nobody_has_is_no_block(quiet: Site) -> None:
    for whom in (["--subject", "AAAA"], ["--id", "0" * 16]):
        said = block(quiet, "add", "--env", "ti", *whom, "--reason", "r", exit_code=1)
        assert "nobody matched" in said
    assert "nobody is blocked" in block(quiet, "list", "--env", "ti")


def test_without_a_gateway_a_wait_is_not_confirmed(quiet: Site) -> None:
    said = block(
        quiet, "add", "--env", "ti", "--organisation", "0428315871", "--reason", "r", "--wait", exit_code=3
    )  # fmt: skip
    assert "BLOCKED in ti" in said
    assert "NOT CONFIRMED" in said
    assert "--wait asks the gateways" in block(
        quiet, "remove", "b-1", "--env", "ti", "--only-here", "--wait", exit_code=2
    )


@pytest.mark.parametrize("store", ["sqlite:var/ti.db", "memory:"])
def test_beside_a_copied_configuration_nothing_is_made(tmp_path: Path, store: str) -> None:
    site = Site(tmp_path, "http://localhost:1", "http://localhost:2", (3, 4))
    site.config.write_text(site.config.read_text().replace("sqlite:var/ti.db", f"'{store}'"))
    whom = ("--env", "ti", "--organisation", "0428315871", "--reason", "r")
    for arguments in (
        ("add", *whom),
        ("add", *whom, "--only-here"),
        ("remove", "b-1", "--env", "ti"),
        ("list", "--env", "ti"),
    ):
        assert "no gateway" in block(site, *arguments, exit_code=1)
    assert not (tmp_path / "var").exists()


def test_a_broken_file_is_told_and_left_alone(quiet: Site) -> None:
    path = quiet.config.parent / "var/ti.db.blocks.json"
    path.write_text("{")
    whom = ("--env", "ti", "--organisation", "0428315871", "--reason", "r")
    said = block(quiet, "add", *whom, "--only-here", exit_code=1)
    assert "is not a file of blocks" in said
    assert "NOTHING WAS CHANGED" in said
    assert path.read_text() == "{"
    block(quiet, "add", *whom)
    said = block(quiet, "list", "--env", "ti", exit_code=1)
    assert "organisation 0428315871" in said
    assert "THESE ARE NOT ALL BLOCKS" in said
