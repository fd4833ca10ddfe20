"""Runs commands in children of one process that imported them before: importing takes longer than most commands.

`python -m tests.forked MODULE PRELOADED...` reads one JSON object a line and answers with the exit code of each.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parent.parent
_SECONDS = 60


class Forked:
    """`python -m MODULE`, as often as one asks."""

    def __init__(self, module: str, preloaded: Sequence[str]) -> None:
        self._module = module
        self._one_at_a_time = threading.Lock()
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.forked", *preloaded],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        atexit.register(self._stop)

    def run(self, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        """Run it to its end, with these arguments and the environment as it is."""
        command = [self._module, *arguments]
        with tempfile.TemporaryDirectory() as folder, self._one_at_a_time:
            said = [Path(folder, name) for name in ("stdout", "stderr")]
            asked = {
                "command": command,
                "cwd": str(cwd),
                "env": dict(os.environ),
                "said": list(map(str, said)),
            }
            assert self._server.stdin is not None and self._server.stdout is not None
            self._server.stdin.write(json.dumps(asked) + "\n")
            self._server.stdin.flush()
            code = int(self._server.stdout.readline())
            return subprocess.CompletedProcess(command, code, *(each.read_text("utf-8") for each in said))

    def _stop(self) -> None:
        self._server.communicate()


@cache
def forked(module: str, *preloaded: str) -> Forked:
    """The one for this module."""
    return Forked(module, preloaded)


def _become(command: Sequence[str], cwd: str, env: dict[str, str], said: Sequence[str]) -> None:
    """Be the process that runs this command. Raises SystemExit, as the command does."""
    signal.alarm(_SECONDS)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for number, path in enumerate((os.devnull, *said)):
        found = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(found, number)
        os.close(found)
    sys.argv[1:] = command[1:]
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
    sys.exit()


def main() -> None:
    for module in sys.argv[1:]:
        import_module(module)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
