"""What pauses requests: `python -m benchmarks.tail [--rules 5000] [--seconds 4] [--rate 100]`.

A gateway with many rules answers a steady load while its rules are reloaded, a block is added, or somebody opens "my
access". Printed for each: how late its event loop ran, the longest garbage collection, how long requests took.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from benchmarks.reload import rules
from gateway import garbage
from gateway.app import Gateway
from gateway.blocks import block_list as blocks
from gateway.blocks.block_list import Block
from gateway.config import load
from gateway.edge.protocol import protocol_class
from gateway.events import BlocksChanged, Event, RulesChanged
from gateway.model import Identity, Organisation, Right
from tests.gateways import RULES, settings, write_config

_PROBE_SECONDS = 0.001
_ORGANISATION = "0428315871"
_UPSTREAM = """
import asyncio, sys
async def answer(reader, writer):
    while (await reader.readline()).strip():
        while (await reader.readline()).strip():
            pass
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 1024\\r\\n\\r\\n" + b"x" * 1024)
async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
# Prints the milliseconds of each request; begins them at a steady pace over eight connections.
_LOAD = """
import asyncio, json, sys, time
host, port, path, cookie, rate, seconds, connections = *sys.argv[1:5], *map(float, sys.argv[5:])
request = f"GET {path} HTTP/1.1\\r\\nHost: {host}:{port}\\r\\nAccept: application/json\\r\\nCookie: {cookie}\\r\\n\\r\\n".encode()
async def ask(reader, writer):
    begun = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\\r\\n\\r\\n")
    status = int(head[9:12])
    await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\\r")[0]))
    return status, 1000 * (time.perf_counter() - begun)
async def client(number, found):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    step = connections / rate
    at = time.perf_counter() + step * number / connections
    end = at + seconds
    while max(at, time.perf_counter()) < end:
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        found.append(await ask(reader, writer))
        at += step
async def main():
    found = []
    await asyncio.gather(*(client(number, found) for number in range(int(connections))))
    print(json.dumps(found))
asyncio.run(main())
"""


@dataclass
class Probe:
    """How late the event loop ran, in milliseconds, and how long each garbage collection took."""

    late: list[float] = field(default_factory=list)
    collections: list[float] = field(default_factory=list)
    _begun: float = 0.0

    async def watch(self) -> None:
        """Sleep again and again."""
        while True:
            due = time.perf_counter() + _PROBE_SECONDS
            await asyncio.sleep(_PROBE_SECONDS)
            self.late.append(1000 * (time.perf_counter() - due))

    def collected(self, phase: str, _info: dict[str, int]) -> None:
        """A callback of gc."""
        if phase == "start":
            self._begun = time.perf_counter()
        else:
            self.collections.append(1000 * (time.perf_counter() - self._begun))


class Happened:
    """Waits for events of one kind."""

    def __init__(self, kind: type[Event]) -> None:
        self.kind = kind
        self.seen = asyncio.Event()

    def on_event(self, event: Event) -> None:
        """See Listener."""
        if isinstance(event, self.kind):
            self.seen.set()


@contextlib.contextmanager
def upstream() -> Iterator[str]:
    """The address of a register in a process of its own."""
    with subprocess.Popen([sys.executable, "-c", _UPSTREAM], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        yield f"http://127.0.0.1:{int(child.stdout.readline())}"
        child.terminate()


@contextlib.asynccontextmanager
async def serving(app: Gateway, sock: socket.socket, http: Any) -> AsyncIterator[None]:
    """The gateway on this event loop."""
    server = uvicorn.Server(uvicorn.Config(app, http=http, log_config=None, access_log=False, lifespan="on"))
    task = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await task


@dataclass
class Bench:
    """A gateway under load."""

    app: Gateway
    path: Path
    port: int
    cookie: str
    given: argparse.Namespace

    async def load(self, path: str, rate: float, connections: int) -> list[tuple[int, float]]:
        """(status, milliseconds) of each request of a client in its own process."""
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _LOAD, "localhost", str(self.port), path, self.cookie,
            str(rate), str(self.given.seconds), str(connections), stdout=subprocess.PIPE, limit=1 << 26,
        )  # fmt: skip
        return json.loads((await child.communicate())[0])  # type: ignore[no-any-return]

    async def measure(self, name: str, what: Callable[[], Awaitable[Any]]) -> None:
        """Print what happens while `what` does, a second after the load began."""
        probe = Probe()
        load = asyncio.create_task(self.load("/echo/x", self.given.rate, 8))
        await asyncio.sleep(1.0)
        watching = asyncio.create_task(probe.watch())
        gc.callbacks.append(probe.collected)
        begun = time.perf_counter()
        await what()
        took = time.perf_counter() - begun
        found = await load
        gc.callbacks.remove(probe.collected)
        watching.cancel()
        assert all(status == 200 for status, _ in found), {status for status, _ in found}
        times, late = sorted(took for _, took in found), sorted(probe.late)
        print(
            f"{name:12} took {took:5.2f} s   loop late: p99 {_at(late, 0.99):6.1f} max {late[-1]:6.1f} ms   "
            f"collection: max {max(probe.collections, default=0.0):6.1f} ms   "
            f"requests: p50 {_at(times, 0.5):5.1f} p99 {_at(times, 0.99):6.1f} max {times[-1]:6.1f} ms"
        )

    async def quiet(self) -> None:
        """Nothing happens."""
        await asyncio.sleep(self.given.seconds / 2)

    async def reload(self) -> None:
        """One rule changes."""
        happened = Happened(RulesChanged)
        self.app.events.subscribe(happened)
        text = self.path.read_text()
        self.path.write_text(text.replace("/changed/", "/changed/again/"))
        await happened.seen.wait()
        await asyncio.sleep(0.5)

    async def block(self) -> None:
        """Somebody else is blocked."""
        happened = Happened(BlocksChanged)
        self.app.events.subscribe(happened)
        block = Block(f"b-{time.time_ns()}", "organisation", "0000000000", "", "benchmark", time.time())
        path = self.app.areas.rules.reload.config.blocks_file("ti")
        await asyncio.to_thread(blocks.change, path, "ti", lambda earlier: (*earlier, block))
        await happened.seen.wait()

    async def access(self) -> None:
        """Somebody opens "my access" again and again, twelve times at once."""
        found = await self.load("/oauth2/access", 50, 12)
        print(f"{'':12} my access: {len(found)} answers, of which 503: {sum(s == 503 for s, _ in found)}")

    async def block_during_access(self) -> None:
        """How long a block takes while "my access" is busy."""
        busy = asyncio.create_task(self.access())
        await asyncio.sleep(0.5)
        await self.block()
        await busy


def _at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]


async def run(given: argparse.Namespace, folder: Path, register: str) -> None:
    """Measure one thing after another."""
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    environment = settings(
        folder, name="ti", gateway_url=f"http://localhost:{port}", acm_url="http://localhost:9",
        upstream_url=register, observe={"log_level": "error"},
    )  # fmt: skip
    changing = {"id": "changing", "match": {"path": "/changed/**"}, "require": ["authenticated"]}
    path = write_config(folder, {"ti": environment}, rules=[*rules(given.rules), changing, *RULES])
    config = load(path)
    app = Gateway(config, "ti")
    if not given.untuned:
        garbage.tune()
    async with serving(app, sock, protocol_class(config.environment("ti").edge)):
        rights = (Right("OVAMGebruiker", "NonConformiteitenIndiener", _ORGANISATION),)
        identity = Identity("acm", "somebody", organisation=Organisation(_ORGANISATION), rights=rights)
        del config
        _, ticket = await app.areas.people.sessions.create(identity)
        bench = Bench(app, path, port, f"{app.areas.people.sessions.cookie_name}={ticket}", given)
        for name, what in {
            "quiet": bench.quiet,
            "reload": bench.reload,
            "reload again": bench.reload,
            "block": bench.block,
            "my access": bench.access,
            "access+block": bench.block_during_access,
        }.items():
            await bench.measure(name, what)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rules", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--untuned", action="store_true", help="without the settings of `gateway serve`")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, upstream() as register:
        uvloop.run(run(given, Path(folder), register))


if __name__ == "__main__":
    main()
