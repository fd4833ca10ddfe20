"""The worker processes of `gateway serve`: replaced when they die, and the end when none of them can start."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from typing import Final

import structlog
from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from gateway.observe.metrics import forget_worker

# So many deaths before serving, for each worker, while nobody serves: the next one would die too.
_ROUNDS: Final = 2
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_LOOK: Final = 0.1
# How long workers may take to end (seconds): they drain for 30.
_ENDED_WITHIN: Final = 45.0
log = structlog.get_logger()


@contextlib.contextmanager
def hangups_held() -> Iterator[None]:
    """A process that is started in this block gets a SIGHUP only once it unblocks it; before, that would end it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before - {signal.SIGHUP})


def end_with_supervisor() -> None:
    """Let this worker stop, as on SIGTERM, when its supervisor is gone: nobody else would stop or replace it."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="supervisor", daemon=True).start()


class Supervisor(Multiprocess):
    """Keeps the workers running; `failed` says why it stopped, where that was not asked for.

    Passes SIGHUP on to the workers, which reload their rules, and drops the metrics of workers that died.
    """

    ended_within = _ENDED_WITHIN

    def __init__(self, config: Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self.failed = ""
        self._ever_served = False
        self._counted: set[int | None] = set()
        self._deaths = 0
        self._again_at = 0.0

    def keep_subprocess_alive(self) -> None:
        """Replace workers that died or hang. While others serve, one that can't start is tried again, ever later."""
        # From here on the file may be another one than that which was tried at the start.
        self.config.replaces = True  # type: ignore[attr-defined]
        answers = {number: self._answer(each) for number, each in enumerate(self.processes)}
        serving = [number for number, answer in answers.items() if answer]
        self._ever_served = self._ever_served or bool(serving)
        if len(serving) == len(self.processes):
            self._deaths = 0
        for number, process in enumerate(self.processes):
            if answers[number] is not None:
                continue
            if process.pid not in self._counted:
                process.kill()  # one that hangs
                process.join()
                self._died(process, alone=not serving)
            if self.should_exit.is_set():
                return
            if time.monotonic() >= self._again_at:
                self._replace(number)

    def _answer(self, process: Process) -> bool | None:
        """Whether it serves already; None where it died, or gives no answer in time."""
        end = time.monotonic() + self.config.timeout_worker_healthcheck
        try:
            process.parent_conn.send(b"ping")
            # This process has the other end too, so the death of the worker does not end a wait.
            while not process.parent_conn.poll(_LOOK):
                if process.exitcode is not None or time.monotonic() > end:
                    return None
                if self.signal_queue:
                    return False
            return bool(process.parent_conn.recv())
        except (OSError, EOFError):
            return None

    def _died(self, process: Process, *, alone: bool) -> None:
        """Count a death, and decide whether another try makes sense."""
        self._counted.add(process.pid)
        if process.pid is not None:
            forget_worker(process.pid)
        self._deaths += 1
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (self._deaths - 1)) if self._deaths > 1 else 0.0
        self._again_at = time.monotonic() + pause
        log.error("worker died", pid=process.pid, exit_code=process.exitcode, serving=not alone)
        if alone and not self._ever_served and process.exitcode == STARTUP_FAILURE:
            self._stop("a worker cannot start")
        elif alone and self._deaths >= _ROUNDS * self.processes_num:
            self._stop(f"workers died {self._deaths} times, and none serves")

    def _replace(self, number: int) -> None:
        process = Process(self.config, self.sockets)
        with hangups_held():
            process.start()
        self.processes[number] = process

    def _stop(self, why: str) -> None:
        self.failed = why
        self.should_exit.set()

    def init_processes(self) -> None:
        """Start the workers."""
        with hangups_held():
            super().init_processes()

    def join_all(self) -> None:
        """Wait for the workers to end. One that hangs is ended."""
        end = time.monotonic() + self.ended_within
        for process in self.processes:
            process.process.join(max(0.0, end - time.monotonic()))
            if process.exitcode is None:
                log.error("worker does not end", pid=process.pid)
                process.process.kill()
                process.process.join()

    def handle_hup(self) -> None:
        """Let every worker read its rules again."""
        for process in self.processes:
            if process.pid is not None and process.process.is_alive():
                os.kill(process.pid, signal.SIGHUP)
