"""What is measured: a server that runs, and what every peer is given to start."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.processes import TEMPLATES


@dataclass(frozen=True)
class Target:
    """A server under load: its process, its address, the Cookie header that it accepts, and what version it is."""

    pid: int
    url: str
    cookie: str = ""
    version: str = ""


@dataclass(frozen=True)
class Bench:
    """What all peers share: the folder of this run, the upstream, the provider, and Envoy."""

    folder: Path
    upstream: str
    """The upstream's HOST:PORT."""
    provider: str
    """The issuer's URL."""
    envoy: str | None
    """The program, where there is one."""
    templates: Path = TEMPLATES
    """Where the configuration of the peers comes from."""


@dataclass(frozen=True)
class Peer:
    """One row of the table; `start` raises NotRunning where it cannot run."""

    name: str
    label: str
    start: Callable[[Bench], AbstractContextManager[Target]]
    authenticates: bool = False
