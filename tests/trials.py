"""Trials of configurations by forks of a process that has imported the gateway, which takes longer than most trials.

As a module, `python -m tests.trials PATHS PATH WHAT SECONDS`, it is the process of one trial.
"""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any, Self

from gateway.config import trial
from tests.forked import forked_beside


class _Forked:
    """What a trial uses of subprocess.Popen."""

    def __init__(self, command: list[str], *, env: dict[str, str], **_options: Any) -> None:
        from tests.processes import PRELOADED

        *_, paths, path, what, seconds = command
        reading, writing = os.pipe()
        self.stdout = os.fdopen(reading, "rb", buffering=0)
        try:
            forker = forked_beside("tests.trials", *PRELOADED)
            self._child = forker.start_group(paths, path, what, seconds, output=writing, env=env)
        finally:
            os.close(writing)
        self.pid, self.poll, self.wait = self._child.pid, self._child.poll, self._child.wait

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        self.wait()


def fork_trials() -> None:
    """From now on in this process."""
    vars(trial)["subprocess"] = SimpleNamespace(**{**vars(subprocess), "Popen": _Forked})


if __name__ == "__main__":
    sys.path[:] = sys.argv.pop(1).split("\n")
    trial.main(*sys.argv[1:])
