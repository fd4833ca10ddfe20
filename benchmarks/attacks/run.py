"""All attacks on all targets, in turns."""

from __future__ import annotations

import contextlib
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from benchmarks.attacks.aim import Attack
from benchmarks.attacks.measure import Outcome, attacked, best
from benchmarks.attacks.report import Report
from benchmarks.peers.peers import PEERS
from benchmarks.peers.processes import LOAD_CORE, NotRunning, free_port
from benchmarks.peers.provider import Provider
from benchmarks.peers.run import find_envoy
from benchmarks.peers.target import Bench, Peer
from simulator.run import running

TARGETS = tuple(
    peer
    for name in ("gateway", "nginx", "caddy", "envoy", "envoy-oauth2")
    for peer in PEERS
    if peer.name == name
)
_TEMPLATES = Path(__file__).parent / "templates"


def run(
    attacks: Sequence[Attack], targets: Sequence[Peer], *, seconds: float, rounds: int, install_envoy: bool
) -> Report:
    """The best figures of each attack on each target that runs on this machine; the report names the others."""
    found: dict[str, dict[str, list[Outcome]]] = {attack.name: {} for attack in attacks}
    versions: dict[str, str] = {}
    skipped: dict[str, str] = {}
    load_average = os.getloadavg()[0]
    with contextlib.ExitStack() as stack:
        bench = _bench(stack, install_envoy=install_envoy)
        for turn in range(rounds):
            for attack in attacks:
                for peer in _of(attack, targets):
                    if peer.label in skipped:
                        continue
                    try:
                        outcome, version = _once(attack, peer, bench, seconds)
                    except NotRunning as problem:
                        skipped[peer.label] = str(problem)
                        continue
                    found[attack.name].setdefault(peer.label, []).append(outcome)
                    versions[peer.label] = version
                    print(
                        f"{turn + 1}/{rounds} {attack.name} {peer.name} {outcome}",
                        file=sys.stderr,
                        flush=True,
                    )
    results = {
        name: {label: best(outcomes) for label, outcomes in rows.items()} for name, rows in found.items()
    }
    named = {label.partition(",")[0]: version for label, version in versions.items()}
    labels = tuple(peer.label for peer in targets if peer.label in versions)
    return Report(
        date.today().isoformat(), f"{os.cpu_count()} cores {platform.machine()}", load_average, seconds, rounds,
        named, labels, results, skipped,
    )  # fmt: skip


def _of(attack: Attack, targets: Sequence[Peer]) -> list[Peer]:
    """The targets of an attack: plain proxies and the gateway, unless it names its own."""
    if attack.targets is not None:
        return [peer for peer in targets if peer.name in attack.targets]
    return [peer for peer in targets if peer.name == "gateway" or not peer.authenticates]


def _once(attack: Attack, peer: Peer, bench: Bench, seconds: float) -> tuple[Outcome, str]:
    """With a folder and a register of its own, so that nothing is left of the attack before."""
    with tempfile.TemporaryDirectory(prefix="attack-", dir=bench.folder, ignore_cleanup_errors=True) as place:
        folder = Path(place)
        folder.chmod(0o711)
        with _register() as upstream:
            found, target = attacked(
                attack, peer.start(replace(bench, folder=folder, upstream=upstream)), seconds
            )
    return found, target.version


def _bench(stack: contextlib.ExitStack, *, install_envoy: bool) -> Bench:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gw-attacks-")))
    folder.chmod(0o711)  # servers that run as another user pass through it
    provider = stack.enter_context(running(lambda url: Provider(url).app()))
    return Bench(folder, "", provider, find_envoy(folder, install=install_envoy), _TEMPLATES)


@contextlib.contextmanager
def _register() -> Iterator[str]:
    """HOST:PORT of a register in a process of its own."""
    port = free_port()
    command = [
        "taskset",
        "-c",
        str(LOAD_CORE),
        sys.executable,
        "-m",
        "benchmarks.attacks.register",
        str(port),
    ]
    with subprocess.Popen(command) as child:
        try:
            _wait_for(port, child)
            yield f"127.0.0.1:{port}"
        finally:
            child.kill()


def _wait_for(port: int, child: subprocess.Popen[bytes]) -> None:
    while child.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise NotRunning("the register does not start")
