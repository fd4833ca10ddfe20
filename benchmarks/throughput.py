"""Requests a second through the gateway, with session, rules, identity headers, metrics and records on, beside nginx.

    python -m benchmarks.throughput [--seconds 5] [--rounds 3]

Proxies are pinned to the first core, the register and the load to the second; targets take turns within a round and the
medians are printed with their ratio to nginx, for absolute figures move from machine to machine. Needs nginx and wrk.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2

from simulator.acm.app import create_acm
from simulator.acm.clients import Client
from simulator.acm.state import AcmState
from simulator.data.seed import load_people
from simulator.login import login
from simulator.run import bind, running
from tests.gateways import CLIENT_ID, settings, write_config
from tests.keys import client_keys
from tests.processes import gateway_process

_RULES = [{"id": "all", "match": {"path": "/**"}, "require": [{"right": {"right": "indiener"}}]}]
_UPSTREAM = """
daemon off; worker_processes 1; pid %(folder)s/%(name)s.pid; error_log %(folder)s/%(name)s.log crit;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 10000000; client_body_temp_path %(folder)s/b; proxy_temp_path %(folder)s/p;
  fastcgi_temp_path %(folder)s/f; uwsgi_temp_path %(folder)s/u; scgi_temp_path %(folder)s/s;
  %(body)s
}
"""
_ANSWER = "x" * 1024


@dataclass(frozen=True, order=True)
class Run:
    """One run: requests a second, the target's processor seconds for each, and percentiles of the time they took."""

    rate: float
    processor: float
    p50: str
    p99: str


@contextlib.contextmanager
def nginx(folder: Path, name: str, core: int, body: str, url: str) -> Iterator[int]:
    """An nginx with this configuration on one core, ready to answer at `url`."""
    path = folder / f"{name}.conf"
    path.write_text(_UPSTREAM % {"folder": folder, "name": name, "body": body})
    child = subprocess.Popen(["taskset", "-c", str(core), "nginx", "-c", str(path)])
    try:
        _until(url)
        yield child.pid
    finally:
        child.terminate()
        child.wait()


def _until(url: str) -> None:
    for _ in range(200):
        with contextlib.suppress(httpx2.HTTPError):
            httpx2.get(url, trust_env=False)
            return
    raise SystemExit(f"{url} does not answer")


def free_port() -> int:
    sock = bind(0)
    port: int = sock.getsockname()[1]
    sock.close()
    return port


def processor_seconds(pid: int) -> float:
    """User and system time of a process and its children so far."""
    seconds = 0.0
    for each in (pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def wrk(pid: int, url: str, seconds: int, cookie: str) -> Run:
    """32 connections on the second core, for this long."""
    before = processor_seconds(pid)
    done = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", "-c32", f"-d{seconds}s", "--latency", "-H", f"Cookie: {cookie}", url],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    if "Non-2xx" in done.stdout:
        raise SystemExit(f"{url} does not answer 200:\n{done.stdout}")
    spent = processor_seconds(pid) - before

    def shown(pattern: str) -> str:
        found = re.search(pattern, done.stdout)
        assert found is not None, done.stdout
        return found[1]

    count = int(shown(r"(\d+) requests in"))
    return Run(
        float(shown(r"Requests/sec:\s+([\d.]+)")),
        spent / count,
        shown(r"\n\s+50%\s+(\S+)"),
        shown(r"\n\s+99%\s+(\S+)"),
    )


@contextlib.contextmanager
def gateway(folder: Path, upstream: str) -> Iterator[tuple[int, str, str]]:
    """(process id, url, Cookie header) of a gateway on the first core with somebody logged in."""
    url, observe = f"http://localhost:{free_port()}", free_port()

    def acm(base: str) -> object:
        client = Client(
            f"{CLIENT_ID}-ti", "Toegangspoort", (f"{url}/oauth2/callback",), (f"{url}/oauth2/logout/callback",),
            ("openid", "profile", "vo", "ovam"), jwks=client_keys("ti")[1],
        )  # fmt: skip
        return create_acm(AcmState("ti", base, (client,), load_people))

    with running(acm) as acm_url:
        environment = settings(folder, name="ti", gateway_url=url, acm_url=acm_url, upstream_url=upstream)
        environment["listen"] = url.removeprefix("http://").replace("localhost", "127.0.0.1")
        environment["observe"]["listen"] = f"127.0.0.1:{observe}"
        config = write_config(folder, {"ti": environment}, rules=_RULES)
        ready = f"http://localhost:{observe}/readyz"
        with gateway_process(config, "ti", ready) as child:
            subprocess.run(["taskset", "-a", "-cp", "0", str(child.pid)], check=True, capture_output=True)
            yield child.pid, url, login(url, "indiener")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    missing = [tool for tool in ("nginx", "wrk", "taskset") if shutil.which(tool) is None]
    if missing:
        sys.exit(f"skipped: {', '.join(missing)} not on this machine")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream, proxy = free_port(), free_port()
        serve = f"server {{ listen 127.0.0.1:{upstream}; location / {{ return 200 {_ANSWER}; }} }}"
        forward = (
            f"upstream u {{ server 127.0.0.1:{upstream}; keepalive 64; }} server {{ listen 127.0.0.1:{proxy}; location / "
            '{ proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; } }'
        )
        register = f"http://127.0.0.1:{upstream}"
        stack.enter_context(nginx(folder, "upstream", 1, serve, register))
        proxy_pid = stack.enter_context(nginx(folder, "proxy", 0, forward, f"http://127.0.0.1:{proxy}"))
        pid, url, cookie = stack.enter_context(gateway(folder, register))
        targets: dict[str, Callable[[], Run]] = {
            "nginx, plain proxy": lambda: wrk(proxy_pid, f"http://127.0.0.1:{proxy}/", given.seconds, ""),
            "gateway": lambda: wrk(pid, f"{url}/", given.seconds, cookie),
        }
        seen: dict[str, list[Run]] = {name: [] for name in targets}
        for _ in range(given.rounds):
            for name, run in targets.items():
                seen[name].append(run())
    base = statistics.median(run.rate for run in seen["nginx, plain proxy"])
    for name, runs in seen.items():
        middle = sorted(runs)[len(runs) // 2]
        processor = statistics.median(run.processor for run in runs) * 1e6
        print(
            f"{name:20} {middle.rate:10,.0f} requests/s {middle.rate / base:5.2f} x nginx "
            f"{processor:7.1f} us of processor each   p50 {middle.p50}  p99 {middle.p99}"
        )


if __name__ == "__main__":
    main()
