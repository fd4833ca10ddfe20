"""Opened paths over HTTP: what reaches the register in which octets, and what real servers read of them."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import application
from gateway.edge.readings import PathReader
from gateway.edge.settings import PathSettings
from gateway.observe.decision_record import decision_input, replayable
from gateway.policy.evaluate import decide
from tests.endpoints.tomcat_reader import compiler, tomcat
from tests.gateway_fixture import GatewayFixture, gateway_fixture
from tests.running import RawUpstream, free_socket
from tests.upstream.raw_client import converse
from tests.waiting import until

RULES = [
    {"id": "admin", "match": {"path": "/pub/admin/**"}, "require": ["authenticated"]},
    {"id": "api", "match": {"path": "/api/**"}, "require": ["anyone"], "paths": {"encoded": ["%2F"]}},
    {"id": "page", "match": {"path": "/lijst.xhtml"}, "require": ["anyone"]},
    {"id": "pub", "match": {"path": "/pub/**"}, "require": ["anyone"]},
    {"id": "rest", "match": {"path": "/**"}, "require": ["authenticated"]},
]
PATHS = {
    "parameters": "strip",
    "encoded": ["%23", "%3F", "%3B"],
    "empty_segments": "keep",
    "octets": "any",
    "case": "insensitive",
}
OPENED = [
    "/lijst.xhtml;jsessionid=0A1B.node1",
    "/pub/javax.faces.resource/theme.css.xhtml;jsessionid=0A1B?ln=x;y",
    "/pub/foto%20%231.jpg",
    "/pub/wat%3f.txt",
    "/pub/a%3Bc.txt",
    "/pub//lijst.xhtml",
    "/pub/caf%E9",
    "/pub/caf%C3%A9",
    "/api/contents/a%2Fb.txt",
    "/PUB/x",
    "/Lijst.XHTML",
]
REFUSED = [
    "/pub/..;/admin",
    "/pub/x;y=../admin/x",
    "/pub/..%2Fadmin",
    "/pub/x%2Fy",
    "/pub//admin/x",
    "//pub/x",
    "/pub/x%3B/../admin",
    "/api/a%2F..%2Fb",
    "/api/..%2Fpub%2Fadmin",
    "/pub%23/x",
    "/oauth2%23/x",
    "//oauth2/start",
]


@pytest.fixture(scope="module")
def register() -> RawUpstream:
    return RawUpstream(answer=lambda _head: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, register: RawUpstream) -> Iterator[GatewayFixture]:
    folder = tmp_path_factory.mktemp("open")
    with gateway_fixture(
        folder, backend=register, rules=RULES, paths=PATHS, upstream={"session_cookies": []}
    ) as found:
        yield found


def status(gate: GatewayFixture, target: str) -> int:
    head = f"GET {target} HTTP/1.1\r\nHost: localhost:{gate.port}\r\n\r\n"
    return converse(gate.port, head.encode("latin-1")).answers[0].status


@pytest.mark.parametrize("target", OPENED)
def test_the_register_gets_the_octets_that_came(
    gate: GatewayFixture, register: RawUpstream, target: str
) -> None:
    assert status(gate, target) == 200
    assert register.received[-1].split(b" ")[1] == target.encode("ascii")


@pytest.mark.parametrize("target", REFUSED)
def test_what_stays_ambiguous_does_not_reach_the_register(
    gate: GatewayFixture, register: RawUpstream, target: str
) -> None:
    before = len(register.received)
    assert status(gate, target) in (400, 404)
    assert len(register.received) == before


@pytest.mark.parametrize("target", ["/pub/admin;x/y", "/PUB/Admin/x", "/pub/adm%69n;jsessionid=1"])
def test_the_rule_of_the_path_that_the_register_reads_decides(gate: GatewayFixture, target: str) -> None:
    assert status(gate, target) == 401


def test_records_decide_again_and_hold_no_session(gate: GatewayFixture) -> None:
    for target in ("/pub/a%3Bb;jsessionid=GEHEIM.1", "/api/x%2Fy"):
        assert status(gate, target) == 200
    assert until(lambda: '"path":"/api/x%2Fy"' in gate.records.read_text("utf-8"))
    text = gate.records.read_text("utf-8")
    assert "GEHEIM" not in text
    records = [json.loads(line) for line in text.splitlines()]
    found = {record["path"]: record for record in records if "doubt" in record and replayable(record)}
    assert found["/pub/a;b"]["doubt"] == {"readings": ["/pub/a"], "needs": []}
    assert found["/api/x%2Fy"]["doubt"] == {"readings": ["/api/x/y"], "needs": ["encoded: %2F"]}
    rules = gate.gateway.areas.rules.reload.rules()
    for record in found.values():
        again = decide(rules, decision_input(record))
        assert (again.rule, again.allowed) == (record["rule"], record["verdict"] == "allow")


def test_explain_shows_each_opening(gate: GatewayFixture) -> None:
    def explained(path: str, *more: str) -> str:
        config = str(gate.folder / "config.yaml")
        done = CliRunner().invoke(
            application(["policy"]), ["policy", "explain", "--config", config, "GET", path, *more]
        )
        return done.output

    text = explained("/pub/a%3Bb;v=1")
    assert "rules see the path as /pub/a;b" in text
    assert "let through by `parameters: strip` under `paths:` of the environment" in text
    assert "some servers read it as /pub/a: that must lead to the same rule" in text
    assert "let through by `encoded: %2F` under `paths:` of rule 'api'" in explained("/api/x%2Fy")
    assert "REFUSED with 400" in explained("/pub/x%2Fy")
    assert "refuses this path before any rule" in explained("/pub/..;/x")
    assert json.loads(explained("/api/x%2Fy", "--json"))["readings"] == ["/api/x%2Fy", "/api/x/y"]


def readings_of(target: str) -> set[bytes]:
    """The readings that the rules see, in the octets that a server may hold them in."""
    paths = PathReader(PathSettings.model_validate(PATHS), lambda: frozenset(["encoded: %2F"]))
    segments, doubt = paths.read(target.partition("?")[0].encode())
    found = [segments, *(doubt.readings if doubt is not None else ())]
    return {("/" + "/".join(each)).encode(coding) for each in found for coding in ("utf-8", "latin-1")}


@contextlib.contextmanager
def nginx(folder: Path, *, merge: bool) -> Iterator[int]:
    with free_socket() as sock:
        port = sock.getsockname()[1]
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  {"".join(f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))}
  server {{
    listen 127.0.0.1:{port}; merge_slashes {"on" if merge else "off"}; default_type text/plain;
    location / {{ return 200 "$uri"; }}
  }}
}}""")
    child = subprocess.Popen(
        ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL
    )
    try:
        assert until((folder / "nginx.pid").exists)
        yield port
    finally:
        child.kill()
        child.wait()


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
@pytest.mark.parametrize("merge", [True, False])
def test_nginx_reads_nothing_that_the_rules_did_not_see(
    gate: GatewayFixture, tmp_path: Path, merge: bool
) -> None:
    with nginx(tmp_path, merge=merge) as port:
        for target in (each for each in OPENED if ";" not in each.partition("?")[0]):
            head = f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            [answer] = converse(port, head).answers
            assert answer.body in readings_of(target), target


@pytest.mark.skipif(compiler() is None, reason="Tomcat 10 or a Java compiler is not installed")
def test_tomcat_reads_nothing_that_the_rules_did_not_see(tmp_path: Path) -> None:
    command = compiler()
    assert command is not None
    asked = [
        *OPENED,
        "/pub/a;x=1/b;y=2;z",
        "/pub/;jsessionid=A",
        "/pub//a;b/c%3Bd",
        "/api/a;b/c%2Fd",
        "/;jsessionid=1",
    ]
    settings = (
        'encodedSolidusHandling="decode"',
        'encodedSolidusHandling="passthrough"',
        'encodedSolidusHandling="decode" URIEncoding="ISO-8859-1"',
    )
    with tomcat(tmp_path, command, *settings) as ports:
        for port in ports:
            read = 0
            for target in asked:
                head = f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
                [answer] = converse(port, head, patience=10).answers
                if answer.status == 200:  # else Tomcat refuses it
                    read += 1
                    assert answer.body in readings_of(target), (target, answer.body)
            assert read >= len(asked) - 2
