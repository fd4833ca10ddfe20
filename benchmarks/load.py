"""How long loading takes: `python -m benchmarks.load`. Ten thousand rules: under 2 s."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.rules import rule_file
from gateway.config import load


def main() -> None:
    """Print the median time of loading 100, 1,000 and 10,000 rules."""
    with tempfile.TemporaryDirectory() as folder:
        for count in (100, 1_000, 10_000):
            path = rule_file(Path(folder), count)
            times = []
            for _ in range(5):
                start = time.process_time()
                load(path)
                times.append(time.process_time() - start)
            print(f"{count:6d} rules: {statistics.median(times):6.3f} s")


if __name__ == "__main__":
    main()
