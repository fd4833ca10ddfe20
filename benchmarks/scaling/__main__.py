"""Measures what one session and one request cost, and writes what a large load takes by that.

    python -m benchmarks.scaling [--sessions 20000] [--seconds 4] [--rounds 3] [--write-docs]

It makes its own files, Redis, nginx, ACM and gateway. `--write-docs` writes docs/scaling.json and the tables of docs/scaling.md.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import sys
from datetime import date
from typing import Any, Final

from benchmarks.peers.gateway import ROOT
from benchmarks.scaling import plan, requests, sessions

PAGE: Final = ROOT / "docs" / "scaling.md"
FIGURES: Final = ROOT / "docs" / "scaling.json"
PEERS: Final = ROOT / "docs" / "peers.json"


def with_tables(page: str, found: dict[str, Any], peers: dict[str, Any]) -> str:
    """The page with the tables that follow from these figures."""
    costs = [found["about"], "", "| what | costs |", "|---|---|", *plan.costs(found["figures"], peers)]
    takes = ["| what | by | takes |", "|---|---|---|", *plan.plan(found["figures"])]
    for name, lines in (("costs", costs), ("plan", takes)):
        before, start, rest = page.partition(f"<!-- {name}:start -->\n")
        _, end, after = rest.partition(f"<!-- {name}:end -->")
        page = before + start + "\n".join(lines) + "\n" + end + after
    return page


def main() -> None:
    """Measure and print, and write the page where that is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write-docs", action="store_true")
    given = parser.parse_args()
    about = (
        f"{date.today().isoformat()}, {os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}, "
        f"{given.sessions:,} sessions; load average at the start {os.getloadavg()[0]:.1f}. Processor time, not elapsed time."
    )
    figures: dict[str, float] = {}
    for name, figure in itertools.chain(
        sessions.measured(given.sessions), requests.measured(given.seconds, given.rounds)
    ):
        print(f"{name}: {figure:,.1f}", file=sys.stderr, flush=True)
        figures[name] = round(figure, 1)
    found = {"about": about, "figures": figures}
    peers = json.loads(PEERS.read_text("utf-8"))
    print("\n".join([*plan.costs(figures, peers), "", *plan.plan(figures)]))
    if given.write_docs:
        FIGURES.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
        PAGE.write_text(with_tables(PAGE.read_text("utf-8"), found, peers), "utf-8")


if __name__ == "__main__":
    main()
