"""What idle WebSockets cost: `python -m benchmarks.sockets [--sockets 5000]`.

A gateway in a process of its own, with everything on; clients and register in this one. Printed: how much its memory grew
for each WebSocket, how much of the processor it uses while they are idle and judged again and again, and how long after
its revocation the sockets of one session are closed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2

from tests.gateways import settings, write_config
from tests.websockets import CLOSE, SocketRegister, close, handshake, socket_register, take_frame

_AT_ONCE = 100
_RULES = [
    {"id": "ws", "match": {"path": "/ws/**"}, "require": ["authenticated"], "websocket": True},
    {"id": "rest", "match": {"path": "/**"}, "require": ["authenticated"]},
]
_SERVE = """
import asyncio, json, os, socket, sys, time
from pathlib import Path
import uvicorn, uvloop
from gateway import garbage
from gateway.app import Gateway
from gateway.config import load
from gateway.edge.protocol import protocol_class
from gateway.model import Identity, Organisation, Right
config = load(Path(sys.argv[1]))
async def main():
    sock = socket.socket(fileno=int(sys.argv[2]))
    app = Gateway(config, "ti")
    edge = config.environment("ti").edge
    server = uvicorn.Server(uvicorn.Config(app, http=protocol_class(edge), log_config=None, access_log=False, lifespan="on"))
    task = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:
        await asyncio.sleep(0.01)
    garbage.tune()
    right = Right("OVAMGebruiker", "NonConformiteitenIndiener", "0428315871")
    person = Identity("https://acm.example", "s", "An", "Peeters", organisation=Organisation("0428315871"), rights=(right,))
    tickets = [(await app.areas.people.sessions.create(person, None))[1] for _ in range(2)]
    print(json.dumps([app.areas.people.sessions.cookie_name, *tickets]), flush=True)
    await task
uvloop.run(main())
"""


class Client:
    """One idle WebSocket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port: int, cookie: str) -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        host = f"localhost:{port}"
        writer.write(handshake("/ws/live", f"Origin: http://{host}", f"Cookie: {cookie}", host=host))
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise SystemExit(head.decode())
        return cls(reader, writer)

    async def closed(self) -> tuple[int, float]:
        """(close code, moment) once the gateway ends it."""
        data = b""
        while more := await self.reader.read(999):
            data += more
            found = take_frame(data)
            if found is not None and found[0].opcode == CLOSE:
                at = time.perf_counter()
                self.writer.write(close(found[0].code, masked=True))
                return found[0].code, at
        return 1006, time.perf_counter()


def memory(pid: int) -> int:
    """Octets of memory that the process has in use."""
    status = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("Pss:"))


def processor(pid: int) -> float:
    """Seconds of processor time."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def opened(port: int, cookie: str, count: int) -> list[Client]:
    """So many WebSockets of one session."""
    found: list[Client] = []
    while len(found) < count:
        more = min(_AT_ONCE, count - len(found))
        found += await asyncio.gather(*(Client.open(port, cookie) for _ in range(more)))
    return found


async def measure(port: int, pid: int, started: list[str], given: argparse.Namespace) -> None:
    """Print what the docstring of this module says."""
    name, keep, end = started
    count = given.sockets
    warm = await opened(port, f"{name}={keep}", 50)
    await asyncio.sleep(2)
    before = memory(pid)
    kept = await opened(port, f"{name}={keep}", count - given.revoked)
    ending = await opened(port, f"{name}={end}", given.revoked)
    await asyncio.sleep(3)
    growth = (memory(pid) - before) / count
    used, begun = processor(pid), time.perf_counter()
    await asyncio.sleep(given.seconds)
    busy = (processor(pid) - used) / (time.perf_counter() - begun)
    print(f"{count} idle WebSockets: {growth / 1000:.1f} kB each; {busy:.1%} of a core while they are idle")
    waiting = [asyncio.create_task(each.closed()) for each in ending]
    load = asyncio.create_task(chatter(warm, kept))
    begun = time.perf_counter()
    async with httpx2.AsyncClient(trust_env=False) as client:
        headers = {"cookie": f"{name}={end}", "sec-fetch-site": "same-origin"}
        await client.post(f"http://localhost:{port}/oauth2/logout/local", headers=headers)
    ends = await asyncio.gather(*waiting)
    load.cancel()
    codes = sorted({code for code, _ in ends})
    late = sorted(at - begun for _, at in ends)
    print(
        f"{len(ends)} of a session that logged out closed with {codes} in {late[-1]:.2f} s (median {late[len(late) // 2]:.2f} s)"
    )


async def chatter(*groups: list[Client]) -> None:
    """A ping from one client after another."""
    ping = bytes((0x89, 0x80, 1, 2, 3, 4))
    clients = [client for group in groups for client in group]
    while True:
        for number, client in enumerate(clients):
            client.writer.write(ping)
            if number % 50 == 0:
                await asyncio.sleep(0.01)


def configuration(folder: Path, port: int, register: SocketRegister, given: argparse.Namespace) -> Path:
    """config.yaml for as many sockets of one client and session."""
    most = given.sockets + 1_000
    environment: dict[str, Any] = settings(
        folder, name="ti", gateway_url=f"http://localhost:{port}", acm_url="https://acm.example",
        upstream_url=f"http://127.0.0.1:{register.port}",
        upstream={"websockets": {"max": most, "max_per_client": most, "max_per_session": most}},
        edge={"max_connections": 2 * most, "max_connections_per_client": most},
        session={"recheck": "0s"}, observe={"log_level": "warning"},
    )  # fmt: skip
    return write_config(folder, {"ti": environment}, rules=_RULES)


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description="What idle WebSockets cost.")
    parser.add_argument("--sockets", type=int, default=5_000)
    parser.add_argument("--revoked", type=int, default=100, help="those of the session that logs out")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long they are idle")
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with (
        tempfile.TemporaryDirectory(prefix="gw-bench-") as place,
        socket_register() as register,
        socket.socket() as sock,
    ):
        sock.bind(("127.0.0.1", 0))
        sock.set_inheritable(True)
        port = sock.getsockname()[1]
        config = configuration(Path(place), port, register, given)
        command = [sys.executable, "-c", _SERVE, str(config), str(sock.fileno())]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=(sock.fileno(),)) as child:
            assert child.stdout is not None
            started = json.loads(child.stdout.readline())
            asyncio.run(measure(port, child.pid, started, given))
            child.terminate()


if __name__ == "__main__":
    main()
