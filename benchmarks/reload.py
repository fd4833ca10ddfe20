"""How long new rules take from the file to going live: `python -m benchmarks.reload [RULES]`.

Loads a configuration with so many rules (1,000 where nothing is said), as a running gateway does, tests included.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from gateway.config import load
from gateway.config.reload import reload_config
from tests.gateways import RULES, settings, write_config

ROUNDS = 5


def rules(count: int) -> list[Any]:
    """Rules with patterns of every kind, each with two policies."""
    return [
        {
            "id": f"rule-{number}",
            "match": {"path": f"/area{number % 100}/{{kbo}}/part{number}/**"},
            "require": [{"right": {"right": "indiener"}}, {"organisation": {"equals": "{kbo}"}}],
        }
        for number in range(count)
    ]


def main() -> None:
    """Print the milliseconds of processor time of each reload, from file to rule set."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as folder:
        environment = settings(
            Path(folder), name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
            upstream_url="http://localhost:8020",
        )  # fmt: skip
        path = write_config(Path(folder), {"ti": environment}, rules=[*rules(count), *RULES])
        document = yaml.safe_load(path.read_text())
        document["tests"] = [
            {"request": f"GET /area{number % 100}/1/part{number}/x", "expect": "deny"}
            for number in range(0, count, 10)
        ]
        path.write_text(yaml.safe_dump(document))
        config = load(path)
        for _ in range(ROUNDS):
            before = time.process_time()
            reload_config(config, "ti")
            print(f"{count} rules: {1000 * (time.process_time() - before):.0f} ms")


if __name__ == "__main__":
    main()
