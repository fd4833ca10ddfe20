"""Runs the fuzzers for as long as you like: `python -m tests.fuzz --minutes 60`. Stops at the first fault."""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

_FOLDER = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--examples", type=int, default=2_000, help="of each fuzzer in each round")
    parser.add_argument("--seed", type=int, help="one round with this seed, to see a fault again")
    given = parser.parse_args()
    end = time.monotonic() + 60 * given.minutes
    rounds = 0
    while True:
        seed = random.getrandbits(32) if given.seed is None else given.seed
        print(f"round {rounds + 1}, seed {seed}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-W", "ignore::hypothesis.errors.HypothesisWarning", f"--hypothesis-seed={seed}", str(_FOLDER)],
            env={**os.environ, "FUZZ_EXAMPLES": str(given.examples)},
            cwd=_FOLDER.parent.parent,
            check=False,
        )  # fmt: skip
        rounds += 1
        if done.returncode:
            print(f"a fault; again with: python -m tests.fuzz --seed {seed} --examples {given.examples}")
            return 1
        if given.seed is not None or time.monotonic() >= end:
            print(f"no fault in {rounds} rounds")
            return 0


if __name__ == "__main__":
    sys.exit(main())
