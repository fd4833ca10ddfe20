"""`python -m tests.config.tried CONFIG ENVIRONMENT SECONDS`: a trial from a process without further threads."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.config.forked_process import can_fork
from gateway.config.trial import Trial

if __name__ == "__main__":
    path, environment, seconds = sys.argv[1:]
    assert can_fork()
    for problem in Trial(Path(path), environment, seconds=float(seconds)).problems():
        print(problem)
