"""`gateway serve` as a process: memory, workers, stopping, and what it refuses to start with."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import threading
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import yaml

from gateway import __version__
from gateway.config import load
from simulator.login import login
from simulator.run import bind, url_of
from tests.cli.conftest import Site
from tests.processes import command, fresh_gateway, gateway_process
from tests.running import free_ports
from tests.upstream.raw_client import converse
from tests.waiting import until

MIB = 1_048_576


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def test_large_bodies_stream_through_with_flat_memory(site: Site) -> None:
    with gateway_process(site.config, "ti", site.ready) as child:
        headers = {"cookie": login(site.url, "indiener")}
        with httpx2.Client(trust_env=False, headers=headers, timeout=60) as client:
            client.post(f"{site.url}/echo", content=b"x" * MIB)
            before = resident(child.pid)
            parts = (b"x" * MIB for _ in range(200))
            sent = client.post(f"{site.url}/echo", content=parts)
            assert sent.json()["body_length"] == 200 * MIB
            with client.stream("GET", f"{site.url}/echo/bytes?size={200 * MIB}") as answer:
                received = sum(len(part) for part in answer.iter_raw())
            assert received == 200 * MIB
        assert resident(child.pid) - before < 20 * MIB


def test_clients_that_read_nothing_of_large_answers_cost_little_memory(site: Site) -> None:
    with gateway_process(site.config, "ti", site.ready) as child, contextlib.ExitStack() as stack:
        cookie = login(site.url, "indiener")
        port = urlsplit(site.url).port
        before = resident(child.pid)
        head = (f"GET /echo/bytes?size={30 * MIB} HTTP/1.1", f"Host: localhost:{port}", f"Cookie: {cookie}")
        for _ in range(64):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            sock.connect(("127.0.0.1", port))
            sock.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        answer = httpx2.get(f"{site.url}/echo", headers={"cookie": cookie}, trust_env=False, timeout=10)
        assert answer.status_code == 200
        assert resident(child.pid) - before < 25 * MIB


def test_more_than_one_new_connection_is_taken_in_a_round_of_the_loop(site: Site) -> None:
    """uvloop takes one from each listening descriptor: a flood of connections would delay all others."""
    with gateway_process(site.config, "ti", site.ready) as child:
        port = f":{urlsplit(site.url).port:04X}"
        rows = [line.split() for line in Path(f"/proc/{child.pid}/net/tcp").read_text().splitlines()[1:]]
        listening = {row[9] for row in rows if row[1].endswith(port) and row[3] == "0A"}
        files = [
            str(file.readlink()) for file in Path(f"/proc/{child.pid}/fd").iterdir() if file.is_symlink()
        ]
        assert [files.count(f"socket:[{inode}]") for inode in listening] == [8]


def decisions(site: Site) -> float:
    """How many requests were allowed by the rule `echo`, by the metrics."""
    metrics = httpx2.get(f"http://localhost:{site.observe}/metrics", trust_env=False).text
    total = next(line for line in metrics.splitlines() if 'authz_total{decision="allow",rule="echo"}' in line)
    return float(total.rpartition(" ")[2])


def of_workers(site: Site, name: str) -> list[float]:
    """This number of each worker, by the metrics."""
    metrics = httpx2.get(f"http://localhost:{site.observe}/metrics", trust_env=False).text
    found = [line for line in metrics.splitlines() if line.startswith(f"toegangspoort_{name}{{pid=")]
    return [float(line.rpartition(" ")[2]) for line in found]


def test_several_workers_share_listeners_sessions_metrics_and_fronts(site: Site) -> None:
    path, (port,) = site.config.parent / "front.sock", free_ports(1)
    document = yaml.safe_load(site.config.read_text())
    document["environments"]["ti"]["fronts"] = {
        "near": {"listen": f"unix:{path}", "dialect": "nginx"},
        "far": {"listen": f"127.0.0.1:{port}", "dialect": "caddy", "peers": ["127.0.0.1"]},
    }
    site.config.write_text(yaml.safe_dump(document))
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    # Its workers import all by themselves, as they do at an operator's: that takes processor time, which is counted.
    with fresh_gateway(site.config, "ti", site.ready, "--workers", "2") as child:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        cookie = {"cookie": login(site.url, "indiener")}
        for _ in range(40):
            assert httpx2.get(f"{site.url}/echo", headers=cookie, trust_env=False).status_code == 200
        assert until(lambda: decisions(site) == 40)  # the other worker hands over its counts in a moment
        _fronts_answer(site, path, port, cookie)
        assert until(lambda: decisions(site) == 80)
        assert until(lambda: len(of_workers(site, "process_open_fds")) == 2)
        assert all(number > 0 for number in of_workers(site, "process_open_fds"))
        assert all(number > 10 * MIB for number in of_workers(site, "process_resident_memory_bytes"))
        text = httpx2.get(f"http://localhost:{site.observe}/metrics", trust_env=False).text
        lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        assert float(lines["toegangspoort_process_cpu_seconds_total"]) > 1
        assert float(lines['toegangspoort_upstream_connections_limit{upstream="default"}']) == 2 * 128
        assert float(lines['toegangspoort_connections_open{listener="public"}']) >= 0
        child.terminate()
        assert child.wait(30) == 0


def _fronts_answer(site: Site, path: Path, port: int, cookie: dict[str, str]) -> None:
    """Ask twenty times at the file and at the port, each time over a new connection."""
    host = f"localhost:{site.port}"
    near = {
        "host": host,
        "x-original-method": "GET",
        "x-original-uri": "/echo",
        "x-forwarded-for": "192.0.2.7",
    }
    far = near | {"x-forwarded-method": "GET", "x-forwarded-uri": "/echo", "x-forwarded-host": host}
    with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(path)), trust_env=False) as client:
        assert client.get("http://front/auth", headers=near).status_code == 401
    for _ in range(20):
        with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(path)), trust_env=False) as client:
            assert client.get("http://front/auth", headers=near | cookie).status_code == 200
        answer = httpx2.get(f"http://127.0.0.1:{port}/auth", headers=far | cookie, trust_env=False)
        assert answer.status_code == 200


def test_a_container_listens_elsewhere_than_the_configuration_says(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, observe = free_ports(2)
    monkeypatch.setenv("GATEWAY_ENV", "ti")
    done = command("serve", "--config", str(site.config), "--listen", "8000")
    assert done.returncode == 2
    assert "write an address to listen on" in done.stderr
    ready = f"http://127.0.0.1:{observe}/readyz"
    extra = ("--listen", f"0.0.0.0:{public}", "--observe-listen", f"0.0.0.0:{observe}")
    with gateway_process(site.config, "ti", ready, *extra):
        for port in (public, observe):
            rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
            assert next(
                row[1] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"
            ).startswith("00000000")
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", site.port))
        log = (site.config.parent / "gateway-ti.log").read_text()
        started = json.loads(next(line for line in log.splitlines() if '"gateway started"' in line))
        assert (started["listen"], started["observe"]) == (f"0.0.0.0:{public}", f"0.0.0.0:{observe}")


def test_a_unix_socket_that_is_in_use_stays(site: Site) -> None:
    path = site.config.parent / "front.sock"
    document = yaml.safe_load(site.config.read_text())
    document["environments"]["ti"]["fronts"] = {"near": {"listen": f"unix:{path}", "dialect": "nginx"}}
    site.config.write_text(yaml.safe_dump(document))
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        refused = command("serve", "--config", str(site.config), "--env", "ti")
    assert (refused.returncode, path.exists()) == (1, True)
    assert f"cannot listen on {path}: Address already in use" in refused.stderr


def test_a_client_that_leaves_ends_the_work(site: Site) -> None:
    with gateway_process(site.config, "ti", site.ready):
        cookie = login(site.url, "indiener")
        head = f"GET /echo/stream?events=1000&interval=0.05 HTTP/1.1\r\nHost: localhost:{site.port}\r\nCookie: {cookie}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", site.port), timeout=10) as sock:
            sock.sendall(head.encode())
            sock.recv(1024)
        gone = threading.Event()
        for _ in range(100):
            metrics = httpx2.get(f"http://localhost:{site.observe}/metrics", trust_env=False).text
            flying = next(
                line for line in metrics.splitlines() if line.startswith("toegangspoort_requests_in_flight")
            )
            if float(flying.rpartition(" ")[2]) == 0:
                gone.set()
                break
        assert gone.is_set()


def test_a_wrong_configuration_starts_nothing(site: Site) -> None:
    text = site.config.read_text()
    site.config.write_text(text.replace("issuer:", "isuer:").replace("anyone", "anyon"))
    done = command("serve", "--config", str(site.config), "--env", "ti")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert any("unknown key 'isuer'; did you mean 'issuer'" in line for line in lines)
    assert any("unknown policy 'anyon'; did you mean 'anyone'" in line for line in lines)
    assert all(line.startswith(f"{site.config}:") for line in lines[:-1])
    assert lines[-1].endswith("Nothing was started or changed.")
    assert "Traceback" not in done.stderr


def test_what_is_missing_at_the_start_is_told_in_words(site: Site) -> None:
    unknown = command("serve", "--config", str(site.config), "--env", "prod")
    assert unknown.returncode == 1
    assert "unknown environment 'prod'" in unknown.stderr
    key = site.config.parent / "secrets/ti/session.key"
    key.chmod(0o644)
    readable = command("serve", "--config", str(site.config), "--env", "ti")
    assert readable.returncode != 0
    assert "can be read by every user" in readable.stderr + readable.stdout
    key.unlink()
    missing = command("serve", "--config", str(site.config), "--env", "ti")
    assert missing.returncode != 0
    assert "gateway keys generate" in missing.stderr + missing.stdout
    assert "Traceback" not in missing.stderr


def test_open_files_are_as_many_as_may_be_and_refused_clients_are_counted(site: Site) -> None:
    with gateway_process(site.config, "ti", site.ready) as child:
        limits = Path(f"/proc/{child.pid}/limits").read_text()
        soft, hard = next(
            line.split()[3:5] for line in limits.splitlines() if line.startswith("Max open files")
        )
        assert soft == hard
        assert [answer.status for answer in converse(site.port, b"BAD\r\n\r\n").answers] == [400]
        metrics = httpx2.get(f"http://localhost:{site.observe}/metrics", trust_env=False).text
        assert 'toegangspoort_clients_refused_total{reason="malformed"} 1.0' in metrics.splitlines()
        log = (site.config.parent / "gateway-ti.log").read_text()
        assert f'"open_files": {soft}' in log
        line = next(line for line in log.splitlines() if '"gateway started"' in line)
        started = json.loads(line)
        facts = {
            "environment": "ti", "version": __version__, "public_url": site.url,
            "listen": f"127.0.0.1:{site.port}", "observe": f"127.0.0.1:{site.observe}",
            "config": str(site.config), "store": f"sqlite:{site.config.parent}/var/ti.db",
            "rule_set": load(site.config).rules["ti"].hash[:12],
        }  # fmt: skip
        assert facts.items() <= started.items()
        assert list(started["upstreams"]) == ["default"]


def test_a_port_that_is_taken_is_told(site: Site) -> None:
    with bind(site.port) as taken:
        taken.listen()
        done = command("serve", "--config", str(site.config), "--env", "ti", "--workers", "3")
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{site.port}: Address already in use; is another" in done.stderr


def test_an_address_that_this_machine_does_not_have_is_said(site: Site) -> None:
    site.config.write_text(site.original.replace(f"127.0.0.1:{site.port}", "192.0.2.1:80"))
    done = command("serve", "--config", str(site.config), "--env", "ti")
    assert done.returncode == 1
    assert (
        "cannot listen on 192.0.2.1:80: Cannot assign requested address; this machine does not" in done.stderr
    )


def test_acm_down_lets_the_gateway_start_and_says_so_to_people(tmp_path: Path) -> None:
    dead, own, observe = bind(0), bind(0), bind(0)
    ports = [sock.getsockname()[1] for sock in (own, observe)]
    own.close()
    observe.close()
    down = Site(tmp_path, url_of(dead), "http://127.0.0.1:9", (ports[0], ports[1]))
    dead.close()
    with gateway_process(down.config, "ti", down.ready):
        page = httpx2.get(f"{down.url}/", headers={"accept": "text/html"}, trust_env=False)
        assert page.status_code == 503
        assert "aanmelden" in page.text.lower()
        answer = httpx2.get(f"{down.url}/public/x", trust_env=False)
        assert answer.status_code == 502
        raw = converse(down.port, f"GET /public/x HTTP/1.1\r\nHost: localhost:{down.port}\r\n\r\n".encode())
        assert raw.answers[0].status == 502
