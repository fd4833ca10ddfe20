"""Runs one environment's ACM and register in one process, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from simulator.acm.clients import load_clients
from simulator.acm.state import AcmState
from simulator.data.directory import Directory, file_of
from simulator.data.lock import using
from simulator.faults import Faults
from simulator.portal import create_portal
from simulator.register.app import create_register
from simulator.register.buttons import DecisionPoint
from simulator.register.faulty import breaking_protocol
from simulator.run import bind, url_of


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the systems of one environment are."""

    gateway: int
    acm: int
    register: int
    observe: int
    decisions: int


PORTS = {"ti": Ports(8000, 8010, 8020, 8001, 8002), "prd": Ports(8100, 8110, 8120, 8101, 8102)}


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # both servers stop together: see serve()


async def serve(environment: str, *, folder: Path, data: Path, acm_port: int, register_port: int) -> None:
    """Serve until SIGTERM or SIGINT. Key files start at `folder`, databases lie in `data`."""
    with using(data):
        await _serve(environment, folder, data, acm_port, register_port)


async def _serve(environment: str, folder: Path, data: Path, acm_port: int, register_port: int) -> None:
    acm_socket, register_socket = bind(acm_port), bind(register_port)
    faults = Faults()
    directory = Directory(file_of(data, environment), environment)
    directory.open()
    state = AcmState(
        environment, url_of(acm_socket), load_clients(environment, folder), directory.people, faults=faults
    )
    register = create_register(
        inside=f"http://127.0.0.1:{register_socket.getsockname()[1]}",
        environment=environment,
        faults=faults,
        decisions=DecisionPoint(
            f"http://127.0.0.1:{PORTS[environment].decisions}",
            folder / f"secrets/{environment}/register.token",
        ),
    )
    servers = [
        (
            _Server(
                uvicorn.Config(
                    app,
                    log_level="warning",
                    lifespan="off",
                    timeout_graceful_shutdown=2,
                    http=http,
                    ws="websockets-sansio",
                )
            ),
            sock,
        )
        for app, sock, http in (
            (create_portal(state, directory), acm_socket, "auto"),
            (register, register_socket, breaking_protocol(faults)),
        )
    ]
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    tasks = [asyncio.create_task(server.serve(sockets=[sock])) for server, sock in servers]
    await stop.wait()
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*tasks)
