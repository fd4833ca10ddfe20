"""Forks the workers and the successors of gateways that were forked themselves: importing takes longer than what they do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import popen_spawn_posix, util
from types import SimpleNamespace
from typing import Any

from gateway.cli import handover
from tests.forked import Child, forked_beside

_AGAIN = [sys.executable, "-m", "gateway"]


class _Worker(popen_spawn_posix.Popen):
    """As multiprocessing's, which sends to the process what it needs, and asks about it."""

    _child: Child

    def _launch(self, process_obj: Any) -> None:
        forking = {**vars(util), "spawnv_passfds": self._fork}
        vars(popen_spawn_posix)["util"] = SimpleNamespace(**forking)
        super()._launch(process_obj)  # type: ignore[misc]

    def _fork(self, _program: object, command: Sequence[str], passed: Sequence[int]) -> int:
        program = command[command.index("-c") + 1 :]
        self._child = forked_beside("tests.worker").start_kept(*program, kept=passed, env=os.environ)
        return self._child.pid

    def poll(self, flag: int = os.WNOHANG) -> int | None:
        """Its exit code; waits for it where no flag says otherwise."""
        self.returncode = self._child.poll() if flag == os.WNOHANG else self._child.wait()
        return self.returncode


def _successor(
    command: Sequence[str], *, pass_fds: Sequence[int], env: Mapping[str, str], **options: Any
) -> Child | subprocess.Popen[bytes]:
    if list(command[: len(_AGAIN)]) != _AGAIN:
        return subprocess.Popen(command, pass_fds=pass_fds, env=env, **options)
    return forked_beside("gateway").start_kept(*command[len(_AGAIN) :], kept=pass_fds, env=env)


def fork_workers() -> None:
    """From now on in this process."""
    popen_spawn_posix.Popen = _Worker  # type: ignore[misc]
    vars(handover)["subprocess"] = SimpleNamespace(**{**vars(subprocess), "Popen": _successor})
