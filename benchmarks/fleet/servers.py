"""Starts what the soak of two gateways needs: Redis with a replica and a sentinel, a register, an ACM, nginx."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from benchmarks.peers.gateway import acm_of
from benchmarks.peers.processes import free_port, stopping, wait_until_it_answers
from benchmarks.reload import rules
from benchmarks.soak.gateway import Target
from benchmarks.soak.pair import Pair
from benchmarks.soak.servers import ROOT, server
from simulator.run import running
from tests.gateways import RULES, settings, write_config
from tests.redis_server import RedisServer, running_redis, sentinel

_RULES = 1_000
_PATIENCE = 60.0
# A replica has everything from its start on, and a busy machine is no dead one.
_AT_ONCE = ("--repl-diskless-sync-delay", "0")
_DEAD_AFTER = "sentinel down-after-milliseconds register 2000"
_NGINX = """
daemon off; pid @FOLDER@/nginx.pid; error_log @FOLDER@/nginx.log warn; worker_processes 1;
events { worker_connections 2048; }
http {
  access_log off; client_body_temp_path @FOLDER@/body; proxy_temp_path @FOLDER@/proxy;
  fastcgi_temp_path @FOLDER@/f; uwsgi_temp_path @FOLDER@/u; scgi_temp_path @FOLDER@/s;
  upstream gateways { @SERVERS@ keepalive 32; }
  server {
    listen 127.0.0.1:@PORT@; client_max_body_size 0;
    location / {
      proxy_pass http://gateways; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_buffering off; proxy_request_buffering off; proxy_read_timeout 120s;
    }
  }
}
"""


@dataclass
class Store:
    """Two servers of Redis, of which one is the master."""

    master: RedisServer
    replica: RedisServer
    url: str
    failing: bool = field(default=False)
    failovers: int = 0

    def fail_over(self) -> None:
        """Kill the master, wait for the sentinel, and start the dead one as a replica. Takes seconds. Raises TimeoutError."""
        self.failing = True
        self.wait_for_replica()
        dead, self.master, self.replica = self.master, self.replica, self.master
        dead.stop()
        self._until(lambda: self._info(self.master)["role"] == "master")
        dead.extra = ("--replicaof", f"127.0.0.1 {self.master.port}", *_AT_ONCE)
        dead.start()
        self.wait_for_replica()
        # Both gateways have asked the sentinel by then.
        time.sleep(3.0)
        self.failovers += 1
        self.failing = False

    def wait_for_replica(self) -> None:
        """Until the replica has what the master has: one that is behind loses sessions. Raises TimeoutError."""
        self._until(lambda: self._info(self.replica).get("master_link_status") == "up")

    def _until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(RedisError):
                if condition():
                    return
            time.sleep(0.1)
        raise TimeoutError(
            "the sentinel made no master of the replica, or another one: "
            + ", ".join(f"{each.port} is {self._role(each)}" for each in (self.master, self.replica))
        )

    def _role(self, which: RedisServer) -> str:
        with contextlib.suppress(RedisError):
            return str(self._info(which)["role"])
        return "down"

    def _info(self, which: RedisServer) -> dict[str, Any]:
        with Redis(port=which.port, socket_timeout=2) as client:
            found: dict[str, Any] = client.info("replication")
        return found


@dataclass(frozen=True)
class Fleet:
    """The gateways by themselves, and `front`, where people reach them."""

    gateways: list[Target]
    front: Target
    store: Store


@contextlib.contextmanager
def fleet(folder: Path) -> Iterator[Fleet]:
    """Everything runs until the block ends. `folder` has a short name."""
    port = free_port()
    url = f"http://localhost:{port}"
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(_store(folder))
        register = stack.enter_context(server(free_port()))
        acm_url = stack.enter_context(running(acm_of(url)))
        unused = Pair(register, register)
        gateways = [
            stack.enter_context(
                _gateway(folder / f"g{number}", url, acm_url, register.url, store.url, unused)
            )
            for number in range(2)
        ]
        stack.enter_context(_nginx(folder, port, [each.port for each in gateways]))
        first = gateways[0]
        front = Target(url, port, first.pid, first.observe, first.config, first.numbers, unused)
        yield Fleet(gateways, front, store)


@contextlib.contextmanager
def _store(folder: Path) -> Iterator[Store]:
    with contextlib.ExitStack() as stack:
        servers: list[RedisServer] = []
        for name in ("a", "b"):
            (folder / name).mkdir()
            of = ("--replicaof", f"127.0.0.1 {servers[0].port}") if servers else ()
            servers.append(stack.enter_context(running_redis(folder / name, *_AT_ONCE, *of)))
        port = stack.enter_context(sentinel(folder, servers[0], _DEAD_AFTER))
        found = Store(servers[0], servers[1], f"redis+sentinel://127.0.0.1:{port}/register/0")
        found.wait_for_replica()
        yield found


@contextlib.contextmanager
def _gateway(folder: Path, url: str, acm_url: str, register: str, store: str, pair: Pair) -> Iterator[Target]:
    folder.mkdir()
    port, observe = free_port(), f"127.0.0.1:{free_port()}"
    environment = settings(
        folder, name="ti", gateway_url=url, acm_url=acm_url, upstream_url=register, listen=f"127.0.0.1:{port}",
        observe={"listen": observe, "log_level": "warning"}, edge={"trusted_proxies": ["127.0.0.1/32"]},
        session={"store": store, "store_grace": "60s"},
    )  # fmt: skip
    path = write_config(folder, {"ti": environment}, rules=[*rules(_RULES), *RULES])
    numbers, log = folder / "numbers.json", folder / "gateway.log"
    command = [sys.executable, "-m", "benchmarks.soak.watched", str(path), str(numbers)]
    with log.open("wb") as out:
        child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    with stopping(child, 40):
        wait_until_it_answers(f"http://{observe}/readyz", child, log)
        yield Target(url, port, child.pid, observe, path, numbers, pair)


@contextlib.contextmanager
def _nginx(folder: Path, port: int, gateways: list[int]) -> Iterator[None]:
    text, log = _NGINX, folder / "nginx.out"
    servers = " ".join(f"server 127.0.0.1:{each} max_fails=0;" for each in gateways)
    for name, value in (("FOLDER", str(folder)), ("PORT", str(port)), ("SERVERS", servers)):
        text = text.replace(f"@{name}@", value)
    config = folder / "nginx.conf"
    config.write_text(text)
    with log.open("wb") as out:
        child = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(config)], stdout=out, stderr=out)
    with stopping(child, 10):
        wait_until_it_answers(f"http://127.0.0.1:{port}/robots.txt", child, log)
        yield
