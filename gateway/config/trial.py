"""Tries a configuration in a process of its own, which may crash, hang or end: what it reads is not yet proven harmless.

`main` is that process: `python -c`, or a fork while this process has no other thread. It gives its problems back, and
nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

from gateway.config.forked_process import ForkedProcess, can_fork, exit_words, output_of
from gateway.config.lint import findings
from gateway.config.load import load
from gateway.config.problems import ConfigError, Problem
from gateway.config.reload import checked_config
from gateway.plugin.discovery import READING, load_policies

_SECONDS: Final = 120.0
_MOST_MEMORY: Final = 4 << 30
_NICER: Final = 5
_START: Final = "import sys; sys.path[:] = sys.argv.pop(1).split('\\n'); from gateway.config.trial import main; main(*sys.argv[1:])"
# Workers share the metrics of requests; what is tried has none.
_NOT_PASSED_ON: Final = "PROMETHEUS_MULTIPROC_DIR"


class Trial:
    """One trial of a configuration. `seconds` bounds its time, and also its processor time.

    With an `environment`, its tests and invariants are tried as well; with `lint`, the warnings are looked for.
    """

    def __init__(
        self, path: Path, environment: str = "", *, lint: bool = False, seconds: float = _SECONDS
    ) -> None:
        self._path = path
        self._what = "lint" if lint else f"rules {environment}" if environment else "load"
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | ForkedProcess | None = None
        self._ended = False
        self.died = False
        """Whether the process did not finish."""

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the configuration, also that the process did not finish. Blocks."""
        with self._started() as process:
            late = False
            try:
                said = output_of(process, self._seconds + 5.0)
            except subprocess.TimeoutExpired as problem:
                late, said = True, problem.output
            finally:
                self.end()
            code = process.wait()
        return self._read(said or b"", code, late=late)

    def end(self) -> None:
        """End the process, and those that it started; `problems` then returns at once. From any thread."""
        self._ended = True
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _started(self) -> subprocess.Popen[bytes] | ForkedProcess:
        arguments = [str(self._path), self._what, str(self._seconds)]
        if can_fork() and _NOT_PASSED_ON not in os.environ:
            load_policies()  # the shipped ones, which both processes need
            self._process = ForkedProcess(lambda: main(*arguments))
        else:
            self._process = subprocess.Popen(  # noqa: S603 - this Python, without a shell
                [sys.executable, "-I", "-c", _START, "\n".join(sys.path), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={name: value for name, value in os.environ.items() if name != _NOT_PASSED_ON},
                start_new_session=True,
            )
        if self._ended:
            self.end()
        return self._process

    def _read(self, said: bytes, code: int, *, late: bool) -> tuple[Problem, ...]:
        file, line, why = str(self._path), 1, exit_words(code)
        if late or code in _OUT_OF_TIME:
            why = f"took longer than {self._seconds:g} s"
        # What is cut off in the middle of a line says nothing.
        for each in said[: said.rfind(b"\n") + 1].splitlines():
            word: dict[str, Any] = json.loads(each)
            if "problems" in word:
                return tuple(Problem(*found) for found in word["problems"])
            if "raised" in word:
                why = f"raised {word['raised']}"
            else:
                file, line = word["reading"]
        self.died = True
        words = (
            f"the process that tried this configuration {why} at this place, so the gateway does not read it"
        )
        return (Problem(file, line, 1, words),)


async def trial_problems(path: Path, environment: str = "") -> tuple[Problem, ...]:
    """What is wrong with a configuration, by a trial beside the event loop; cancelling ends the trial."""
    trial = Trial(path, environment)
    try:
        return await asyncio.to_thread(trial.problems)
    except asyncio.CancelledError:
        trial.end()
        raise


_OUT_OF_TIME: Final = (-signal.SIGALRM, -signal.SIGXCPU)


def main(path: str, what: str, seconds: str) -> None:
    """The process: says where it is, line by line, and at the end what it found."""
    told = os.dup(1)
    # What a plugin prints is not an answer.
    os.dup2(2, 1)
    _limit(float(seconds))
    _say_places(told)
    try:
        if what == "lint":
            findings(Path(path))
        elif what == "load":
            load(Path(path))
        else:
            checked_config(Path(path), what.removeprefix("rules "))
        found: tuple[Problem, ...] = ()
    except ConfigError as problem:
        found = problem.problems
    except BaseException as problem:  # noqa: BLE001 - a plugin may raise anything
        _say(told, {"raised": f"{type(problem).__name__}: {problem}"})
        os._exit(1)
    told_all = [astuple(each) for each in found]
    _say(told, {"problems": told_all})
    # Threads and exit handlers of a plugin don't hold it up.
    os._exit(0)


def _limit(seconds: float) -> None:
    signal.setitimer(signal.ITIMER_REAL, seconds)
    os.nice(_NICER)
    for what, most in (
        (resource.RLIMIT_CPU, max(1, int(seconds))),
        (resource.RLIMIT_AS, _MOST_MEMORY),
        (resource.RLIMIT_CORE, 0),
    ):
        _, allowed = resource.getrlimit(what)
        limit = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        resource.setrlimit(what, (limit, allowed))


def _say_places(told: int) -> None:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == READING:
            _say(told, {"reading": arguments})

    sys.addaudithook(hook)


def _say(told: int, word: dict[str, Any]) -> None:
    line = json.dumps(word).encode() + b"\n"
    while line:
        line = line[os.write(told, line) :]
