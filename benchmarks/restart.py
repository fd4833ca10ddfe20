"""Restarts gateways while clients ask, and counts what is lost: requests, logins, POSTs that came twice.

`python -m benchmarks.restart [--requests 5000] [WAY...]`; the ways are `fleet` (two gateways behind nginx as it is when nobody sets
anything, with Redis, one after the other), `kept` (the same, and nginx keeps its connections open), `alone` and
`workers` (one gateway hands over to its successor), and `activated` (a service manager holds the socket), each with the
default settings.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx2

from benchmarks.visits import PAUSE, Visits
from simulator.run import bind
from tests.auth.scripted_provider import ScriptedProvider
from tests.forked import ROOT, Child
from tests.gateway_fixture import OPEN_RULES, Browser, scripted_provider, scripted_settings
from tests.gateways import settings, write_config
from tests.processes import command, start_command
from tests.redis_server import running_redis
from tests.running import RawUpstream, free_ports, raw_upstream
from tests.waiting import eventually, until

_CLIENTS: Final = 8
_PATIENCE: Final = 120.0
# As systemd starts a service with a socket: it is descriptor 3 (sd_listen_fds(3)).
_PASS_ON: Final = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""
_NGINX: Final = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream gateways {{ {servers} {keepalive} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://gateways; proxy_set_header Host $http_host; add_header X-Served-By $upstream_addr; {kept} }}
  }}
}}
"""


def _ended(pid: int) -> bool:
    """Whether this process has ended; somebody else may be the one that has to take note of it."""
    try:
        return not Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True


@dataclass
class Fleet:
    """Gateways that can be restarted, and where clients ask."""

    port: int
    configs: list[Path]
    listens: list[int]
    observes: list[int]
    op: ScriptedProvider
    register: RawUpstream
    workers: int = 1
    held: Any = None
    """A listening socket that every start gets, as from systemd."""
    forked: bool = False
    """Whether a gateway alone is a fork of a process that has imported all, as its successors are then."""
    running: dict[int, int] = field(default_factory=dict)
    """The first process of each gateway."""
    children: list[Child | subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self, which: int) -> None:
        """Start a gateway, and wait until it is ready."""
        config = self.configs[which]
        log = config.parent / "log"
        arguments = ["serve", "--env", "ti", "--config", str(config), "--workers", str(self.workers)]
        child: Child | subprocess.Popen[bytes]
        if self.forked or len(self.configs) > 1:
            child = start_command(log, *arguments)
        else:
            words, passed = [sys.executable, "-m", "gateway", *arguments], []
            if self.held is not None:
                passed = [self.held.fileno()]
                words = [sys.executable, "-c", _PASS_ON, str(passed[0]), *words]
            with log.open("ab") as said:
                child = subprocess.Popen(words, cwd=ROOT, stdout=said, stderr=said, pass_fds=passed)
        self.children.append(child)
        self.running[which] = child.pid
        self.wait_ready(which, lambda: child.poll() is None)

    def wait_ready(self, which: int, lives: Callable[[], bool] = lambda: True) -> None:
        """Wait until it answers that it can serve."""

        def ready() -> bool:
            assert lives(), self.log(which)
            with contextlib.suppress(httpx2.HTTPError):
                url = f"http://127.0.0.1:{self.observes[which]}/readyz"
                return httpx2.get(url, trust_env=False, timeout=5).status_code == 200
            return False

        assert until(ready, _PATIENCE, pause=0.1), self.log(which)

    def log(self, which: int) -> str:
        return (self.configs[which].parent / "log").read_text("utf-8", "replace")

    def stop_and_start(self, which: int) -> None:
        """As `systemctl restart` does: SIGTERM, and a new one once the old one has ended."""
        child = next(each for each in self.children if each.pid == self.running[which])
        child.send_signal(signal.SIGTERM)
        assert child.wait(_PATIENCE) == 0, self.log(which)
        self.start(which)

    def hand_over(self, which: int) -> None:
        """Let it start its successor; its end is part of it."""
        old = self.running[which]
        done = command("restart", str(old))
        assert done.returncode == 0, done.stdout + done.stderr + self.log(which)
        self.running[which] = int(done.stdout.split()[-1])
        child = next((each for each in self.children if each.pid == old), None)
        if child is not None:
            assert child.wait(_PATIENCE) == 0, self.log(which)
        else:
            assert until(partial(_ended, old), _PATIENCE)

    def end(self) -> None:
        for pid in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
        for pid in self.running.values():
            until(partial(_ended, pid), 60.0)
        for child in self.children:
            child.wait(60)


@contextlib.contextmanager
def fleet(way: str, *, forked: bool = False, **changes: Any) -> Iterator[Fleet]:
    """Gateways of this way, started; `changes` are settings beside the default ones."""
    count = 2 if way in ("fleet", "kept") else 1
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gw-restart-")))
        op = stack.enter_context(scripted_provider())
        register = stack.enter_context(raw_upstream())
        store = stack.enter_context(running_redis(folder)).url if count == 2 else "sqlite:sessions.db"
        ports = free_ports(5)
        listens, observes = ports[:count], ports[2 : 2 + count]
        public = ports[4] if count == 2 else listens[0]
        configs = []
        for which in range(count):
            place = folder / str(which)
            place.mkdir()
            environment = settings(
                place, name="ti", gateway_url=f"http://localhost:{public}", acm_url="",
                upstream_url=f"http://127.0.0.1:{register.port}",
                **{
                    "provider": scripted_settings(place, op), "listen": f"127.0.0.1:{listens[which]}",
                    "observe": {"listen": f"127.0.0.1:{observes[which]}", "log_level": "info"},
                    "session": {"store": store}, **changes,
                },
            )  # fmt: skip
            if "drain" not in changes:
                del environment["drain"]
            configs.append(write_config(place, {"ti": environment}, rules=OPEN_RULES))
        found = Fleet(public, configs, listens, observes, op, register, 2 if way == "workers" else 1)
        found.forked = forked
        if way == "activated":
            found.held = stack.enter_context(bind(listens[0]))
            found.held.listen(512)
        stack.callback(found.end)
        for which in range(count):
            found.start(which)
        if count == 2:
            stack.enter_context(_nginx(folder, found, kept=way == "kept"))
        yield found


@contextlib.contextmanager
def _nginx(folder: Path, gateways: Fleet, *, kept: bool) -> Iterator[None]:
    program = shutil.which("nginx")
    if program is None:
        raise FileNotFoundError("nginx is not installed")
    text = _NGINX.format(
        folder=folder,
        port=gateways.port,
        servers=" ".join(f"server 127.0.0.1:{port};" for port in gateways.listens),
        keepalive="keepalive 32;" if kept else "",
        kept='proxy_http_version 1.1; proxy_set_header Connection "";' if kept else "",
    )
    (folder / "nginx.conf").write_text(text)
    with subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")]) as child:
        try:
            assert until(lambda: (folder / "nginx.pid").exists() and (folder / "nginx.pid").read_text(), 30.0)
            yield
        finally:
            child.terminate()


def restart_all(way: str, gateways: Fleet, visits: Visits) -> None:
    """Every gateway once; the next one when requests come to this one again."""
    for which in gateways.running.copy():
        if way in ("alone", "workers"):
            gateways.hand_over(which)
            continue
        gateways.stop_and_start(which)
        if len(gateways.configs) > 1:
            port = str(gateways.listens[which])
            visits.served[port] = 0
            assert until(partial(visits.served.__getitem__, port), _PATIENCE)


@dataclass(frozen=True)
class Outcome:
    """Of one way. `twice`: POSTs that the register got more than once; `missing`: those answered that it never got."""

    visits: Visits
    login_finished: bool
    twice: list[str]
    missing: list[str]

    def __str__(self) -> str:
        return (
            f"{self.visits.asked} requests, {len(self.visits.lost)} lost, {len(self.twice)} twice,"
            f" {len(self.missing)} missing, login {'finished' if self.login_finished else 'BROKEN'},"
            f" slowest {self.visits.slowest * 1000:.0f} ms"
        )


def restarted_under_load(way: str, gateways: Fleet, requests: int, pause: float = PAUSE) -> Outcome:
    """Restart every gateway while clients ask, until there were so many requests, and finish a login begun before."""
    with Browser(gateways.url) as visitor, Browser(gateways.url) as between:
        assert visitor.log_in().status_code == 302
        back = between.at_provider(between.go(f"/oauth2/start?rd={quote('/echo')}"))
        cookie = visitor.headers(None)["cookie"]
        visits = asyncio.run(_under_load(way, gateways, requests, cookie, pause))
        finished = between.go(back).status_code == 302 and between.logged_in
        finished = finished and between.go("/echo/x").status_code == 200
    gateways.register.settle()
    got = Counter(
        head.split()[1].decode().rpartition("/")[2]
        for head in gateways.register.received
        if head.startswith(b"POST")
    )
    twice = [each for each, number in got.items() if number > 1]
    return Outcome(visits, finished, twice, sorted(visits.posted - got.keys()))


async def _under_load(way: str, gateways: Fleet, requests: int, cookie: str, pause: float) -> Visits:
    visits, numbers = Visits(pause), itertools.count()
    clients = [asyncio.create_task(visits.client(gateways.port, cookie, numbers)) for _ in range(_CLIENTS)]
    try:
        await eventually(lambda: visits.asked >= requests // 3, _PATIENCE)
        await asyncio.to_thread(restart_all, way, gateways, visits)
        await eventually(lambda: visits.asked >= requests, _PATIENCE)
        return visits
    finally:
        visits.stop = True
        await asyncio.gather(*clients)


def main() -> None:
    """Print the outcome of each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ways", nargs="*", default=[])
    parser.add_argument("--requests", type=int, default=5_000)
    asked = parser.parse_args()
    for way in asked.ways or ["fleet", "kept", "alone", "workers", "activated"]:
        with fleet(way) as gateways:
            outcome = restarted_under_load(way, gateways, asked.requests)
        print(f"{way}: {outcome}")
        for lost in outcome.visits.lost[:10]:
            print(f"  {lost}")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
