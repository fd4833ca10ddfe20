"""What a request costs nginx and the gateway where nginx carries it, what a login costs, and how long a record is."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.peers.gateway import ROOT, acm_of
from benchmarks.peers.load import SHAPES, check, wrk
from benchmarks.peers.peers import asking_nginx, nginx, upstream
from benchmarks.peers.processes import PROXY_CORE, free_port, pinned, processor_seconds
from benchmarks.peers.target import Bench, Target
from simulator.login import login
from simulator.run import running
from tests.gateways import settings, write_config

_SHAPE = SHAPES["browser-sized request (16 headers)"]
_LOGINS = 40


class _Gateway(NamedTuple):
    pid: int
    url: str
    front: str
    records: Path


def measured(seconds: int, rounds: int) -> Iterator[tuple[str, float]]:
    """Figures by name: microseconds of processor (the median of all rounds), and bytes of a record."""
    with tempfile.TemporaryDirectory(prefix="gw-scaling-") as place, contextlib.ExitStack() as stack:
        folder = Path(place)
        folder.chmod(0o711)  # servers that run as another user pass through it
        served = stack.enter_context(upstream(folder))
        bench = Bench(folder, served.url.removeprefix("http://").rstrip("/"), "", None)
        gateway = stack.enter_context(_gateway(bench))
        before = processor_seconds(gateway.pid)
        cookies = [login(gateway.url, "indiener") for _ in range(_LOGINS)]
        yield "login", (processor_seconds(gateway.pid) - before) / _LOGINS * 1e6
        targets = {
            "plain": stack.enter_context(nginx(bench)),
            "carries": Target(gateway.pid, f"{gateway.url}/", cookies[0]),
        }
        for name, cache in (("asks", ""), ("keeps", "proxy_cache verdicts;")):
            targets[name] = stack.enter_context(_asking(bench, gateway, name, cache, cookies[0]))
        runs: dict[str, list[float]] = {}
        for _ in range(rounds):
            for name, target in targets.items():
                own, behind = _loaded(target, gateway.pid, seconds)
                if name != "carries":
                    runs.setdefault(f"nginx_{name}", []).append(own)
                if name != "plain":
                    runs.setdefault(f"gateway_{name}", []).append(behind)
        yield from ((name, median(figures)) for name, figures in runs.items())
        with gateway.records.open("rb") as records:
            lines = [line for line in records if b'"kind":"request"' in line][:1_000]
        yield "record", sum(map(len, lines)) / len(lines)


@contextlib.contextmanager
def _gateway(bench: Bench) -> Iterator[_Gateway]:
    url, front = f"http://localhost:{free_port()}", f"127.0.0.1:{free_port()}"
    observe, folder = f"127.0.0.1:{free_port()}", bench.folder
    with running(acm_of(url)) as acm:
        environment = settings(
            folder, name="ti", gateway_url=url, acm_url=acm, upstream_url=f"http://{bench.upstream}",
            listen=url.removeprefix("http://").replace("localhost", "127.0.0.1"),
            observe={"listen": observe, "log_level": "info"},
            fronts={"main": {"listen": front, "peers": ["127.0.0.1/32"], "dialect": "nginx", "cache": "5s"}},
        )  # fmt: skip
        config = write_config(folder, {"ti": environment}, plugins=(str(ROOT / "plugins"),))
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(config), "--env", "ti"]
        ready = f"http://{observe}/readyz"
        with pinned(command, core=PROXY_CORE, log=folder / "gateway.log", url=ready, cwd=ROOT) as pid:
            yield _Gateway(pid, url, front, folder / "var/ti.jsonl")


@contextlib.contextmanager
def _asking(bench: Bench, gateway: _Gateway, name: str, cache: str, cookie: str) -> Iterator[Target]:
    """An nginx that asks the gateway about each request, as somebody who is logged in."""
    place = bench.folder / name
    place.mkdir()
    host = gateway.url.removeprefix("http://")
    with asking_nginx(bench, place, gateway.front, host=host, cache=cache, cookie=cookie) as target:
        check(target, authenticates=True)
        yield target


def _loaded(target: Target, gateway: int, seconds: int) -> tuple[float, float]:
    """Microseconds of processor for each request: of the front, and of the gateway behind it."""
    before, begun = processor_seconds(gateway), time.monotonic()
    run = wrk(target, _SHAPE, seconds)
    requests = run.rate * min(time.monotonic() - begun, seconds)
    return run.processor, (processor_seconds(gateway) - before) / requests * 1e6
