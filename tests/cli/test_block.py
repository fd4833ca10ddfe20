"""`gateway block` on a running gateway: who is blocked is out within seconds, streams too, and back after it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx2
import pytest

from gateway.observe import record_reader
from gateway.observe.chain import verify
from simulator.login import login
from tests.cli.conftest import Site
from tests.processes import command, gateway_process

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
    done = command("block", *arguments, "--config", str(site.config))
    assert done.returncode == exit_code, done.stderr
    return done.stdout + done.stderr


def test_an_organisation_is_out_within_seconds_and_in_again(site: Site) -> None:
    with gateway_process(site.config, "ti", site.ready, "--workers", "2"):
        cookie, other = login(site.url, "indiener"), login(site.url, "ovam")
        who = httpx2.get(f"{site.url}/oauth2/userinfo", headers={"cookie": cookie}, trust_env=False).json()
        code = who["organisation"]["code"]
        with (
            httpx2.Client(trust_env=False, headers={"cookie": cookie}, timeout=PATIENCE) as client,
            client.stream("GET", f"{site.url}/echo/stream?events=5000&interval=0.02") as stream,
        ):
            said = block(
                site, "add", "--env", "ti", "--organisation", f"BE {code[:4]}.{code[4:7]}.{code[7:]}",
                "--until", "8h", "--reason", "geheim onderzoek 85073003328",
            )  # fmt: skip
            assert f"BLOCKED in ti: organisation {code}, until " in said
            name = said.split("gateway block remove ")[1].split()[0]
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
        assert json.loads(block(site, "list", "--env", "ti", "--json"))[0]["holds"] is True
        assert f"LIFTED in ti: organisation {code}" in block(site, "remove", name, "--env", "ti")
        status_becomes(site, cookie, 200)
        assert "there is no block" in block(site, "remove", name, "--env", "ti", exit_code=1)
        assert "nobody is blocked in ti" in block(site, "list", "--env", "ti")
    path = site.config.parent / "var/ti.jsonl"
    assert verify([("ti.jsonl", record_reader.lines(path))]).sound
    written = list(record_reader.records(record_reader.lines(path)))
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


def test_a_person_is_known_by_pseudonym_and_by_subject(site: Site) -> None:
    with gateway_process(site.config, "ti", site.ready):
        cookie = login(site.url, "indiener")
        status_becomes(site, cookie, 200)
        subject = httpx2.get(
            f"{site.url}/oauth2/userinfo", headers={"cookie": cookie}, trust_env=False
        ).json()["subject"]
        said = block(site, "add", "--env", "ti", "--subject", subject, "--reason", "gestolen toestel")
        name = said.split("gateway block remove ")[1].split()[0]
        assert subject not in said
        assert subject not in (site.config.parent / "var/ti.db.blocks.json").read_text()
        status_becomes(site, cookie, 403)
        block(site, "remove", name, "--env", "ti")
        status_becomes(site, cookie, 200)
        records = site.config.parent / "var/ti.jsonl"
        pseudonym = next(
            each["who"]["person"]
            for each in record_reader.records(record_reader.lines(records))
            if "who" in each
        )
        block(site, "add", "--env", "ti", "--subject", pseudonym, "--reason", "r", "--until", "1h")
        status_becomes(site, cookie, 403)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--reason", "r"], "say whom to block: either --organisation or --subject"),
        (["--reason", "r", "--organisation", "1", "--subject", "2"], "either --organisation or --subject"),
        (["--reason", " ", "--organisation", "0428315871"], "say why, with --reason"),
        (["--reason", "r", "--organisation", "a b c!"], "is no code of an organisation"),
        (["--reason", "r", "--organisation", "04283"], "has 5 digits, a KBO number has 10"),
        (["--reason", "r", "--organisation", "BE 0428.315.8711"], "has 11 digits, a KBO number has 10"),
        (["--reason", "r", "--organisation", "0428315871", "--until", "soon"], "is no moment: write 8h"),
        (["--reason", "r", "--organisation", "0428315871", "--until", "2020-01-01"], "has passed already"),
        (["--reason", "r", "--subject", " "], "say whom to block, with --subject"),
        (["--organisation", "0428315871"], "Missing option '--reason'"),
    ],
)
def test_what_is_not_clear_changes_nothing(tmp_path: Path, arguments: list[str], words: str) -> None:
    site = Site(tmp_path, "http://localhost:1", "http://localhost:2", (3, 4))
    assert words in block(site, "add", "--env", "ti", *arguments, exit_code=2)
    assert "nobody is blocked" in block(site, "list", "--env", "ti")


def test_a_broken_file_is_told_and_left_alone(tmp_path: Path) -> None:
    site = Site(tmp_path, "http://localhost:1", "http://localhost:2", (3, 4))
    path = tmp_path / "var/ti.db.blocks.json"
    path.parent.mkdir()
    path.write_text("{")
    said = block(
        site, "add", "--env", "ti", "--organisation", "0428315871", "--reason", "r", exit_code=1
    )  # fmt: skip
    assert "is not a file of blocks" in said
    assert "NOTHING WAS CHANGED" in said
    assert path.read_text() == "{"
