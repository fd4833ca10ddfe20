"""From a process without further threads: a trial, or a program of Python.

`python -m tests.config.tried trial CONFIG ENVIRONMENT SECONDS`, or `python -m tests.config.tried run PROGRAM`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.config.forked_process import can_fork
from gateway.config.trial import Trial

if __name__ == "__main__":
    assert can_fork()
    match sys.argv[1:]:
        case ["trial", path, environment, seconds]:
            for problem in Trial(Path(path), environment, seconds=float(seconds)).problems():
                print(problem)
        case ["run", program]:
            exec(program, {})
