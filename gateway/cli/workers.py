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
from uvicorn.server import Server
from uvicorn.supervisors.multiprocess import Process

from gateway.cli.handover import LaunchContext, Successor
from gateway.cli.server import CUT, HANDED_OVER, RESTART, STOPS, WAIT_NO_LONGER, WorkerServer
from gateway.edge.settings import DrainSettings
from gateway.files.readiness import is_readable
from gateway.observe.registry import forget_worker

# After this many deaths before serving, for each worker, while nobody serves, the next one would die too.
_ROUNDS: Final = 2
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_LOOK: Final = 0.1
_TURN: Final = 0.5
# Seconds that workers get to close what they have open, beside those for requests under way.
_CLOSED_WITHIN: Final = 15.0
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


class Worker(Process):
    """A worker process, as its supervisor sees it."""

    @property
    def server(self) -> Server:
        """Made in the worker itself."""
        if self._server is None:
            self._server = WorkerServer(self.config)
        return self._server

    def tell(self, order: int) -> None:
        """Send it a signal, if it lives."""
        if self.pid is not None and self.process.is_alive():
            os.kill(self.pid, order)


class Signals:
    """The signals that this process got and has not acted on yet; `wait` waits for the next one."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, RESTART):
            signal.signal(number, self._came)

    def _came(self, number: int, _frame: object) -> None:
        self._numbers.append(number)
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake, b"x")

    def __bool__(self) -> bool:
        return bool(self._numbers)

    def wait(self, seconds: float) -> int | None:
        """The next one; None where none comes in this time."""
        if not self._numbers and is_readable(self._woken, seconds):
            with contextlib.suppress(BlockingIOError):
                os.read(self._woken, 64)
        return self._numbers.pop(0) if self._numbers else None


class Supervisor:
    """Keeps the workers running; `failed` says why it stopped, where that was not asked for.

    Passes SIGHUP on to the workers, which reload their rules, drops the metrics of workers that died, and starts a
    successor where that is ordered.
    """

    def __init__(
        self, config: Config, sockets: list[socket.socket], context: LaunchContext, drain: DrainSettings
    ) -> None:
        self.config = config
        self.failed = ""
        self.ended_within = drain.finish + _CLOSED_WITHIN
        self.processes: list[Worker] = []
        self._sockets = sockets
        self._context = context
        self._drain = drain
        self._signals = Signals()
        self._successor: Successor | None = None
        self._stops = self._waits = self._handed_over = False
        self._announced = self._ever_served = False
        self._counted: set[int | None] = set()
        self._deaths = 0
        self._again_at = self._alive_at = 0.0

    def run(self) -> None:
        """Until it is ordered to stop, a successor serves, or no worker can start."""
        self.start_all()
        while not self._stops:
            order = self._signals.wait(_TURN if self._announced and self._successor is None else _LOOK)
            if order is not None:
                self._carry_out(order)
            self._look_at_successor()
            if not self._stops:
                self.keep_alive()
        self.end_all()

    def start_all(self) -> None:
        """Start the workers."""
        self.processes = [self._started() for _ in range(self.config.workers)]

    def _started(self) -> Worker:
        worker = Worker(self.config, self._sockets)
        with hangups_held():
            worker.start()
        return worker

    # Signals

    def _carry_out(self, order: int) -> None:
        if order == signal.SIGHUP:
            self._tell(signal.SIGHUP)
        elif order == RESTART:
            self._restart()
        else:
            if self._successor is not None:
                self._successor.stop()
            self._stops, self._waits = True, order == signal.SIGTERM

    def _restart(self) -> None:
        if self._successor is None:
            self._context.notifier.reloading("Starting a successor")
            try:
                self._successor = Successor(self._context)
            except OSError as problem:
                self._context.replaced(str(problem), None)

    def _look_at_successor(self) -> None:
        why = self._successor.outcome() if self._successor is not None else None
        if self._successor is None or why is None:
            return
        self._context.replaced(why, None if why else self._successor.pid)
        if not why and not self._stops:
            self._stops = self._waits = self._handed_over = True
        self._successor = None

    def _tell(self, order: int) -> None:
        for each in self.processes:
            each.tell(order)

    # While it serves

    def keep_alive(self) -> None:
        """Replace workers that died or hang. While others serve, one that can't start is tried again, ever later."""
        # From here on the file may be another one than that which was tried at the start.
        self.config.replaces = True  # type: ignore[attr-defined]
        answers = {number: self._answer(each) for number, each in enumerate(self.processes)}
        serving = [number for number, answer in answers.items() if answer]
        self._ever_served = self._ever_served or bool(serving)
        if len(serving) == len(self.processes):
            self._deaths = 0
            if not self._announced:
                self._announced = True
                self._context.serves()
        for number, process in enumerate(self.processes):
            if answers[number] is not None:
                continue
            if process.pid not in self._counted:
                process.kill()  # one that hangs
                process.join()
                self._died(process, alone=not serving)
            if self._stops or self._signals:
                return
            if time.monotonic() >= self._again_at:
                self.processes[number] = self._started()

    def _answer(self, process: Worker) -> bool | None:
        """Whether it serves already; None where it died, or gives no answer in time."""
        end = time.monotonic() + self.config.timeout_worker_healthcheck
        try:
            process.parent_conn.send(b"ping")
            # This process has the other end too, so the death of the worker does not end a wait.
            while not process.parent_conn.poll(_LOOK):
                if process.exitcode is not None or time.monotonic() > end:
                    return None
                if self._signals:
                    return False
                self._say_alive()
            self._say_alive()
            return bool(process.parent_conn.recv())
        except (OSError, EOFError):
            return None

    def _say_alive(self) -> None:
        every = self._context.notifier.alive_every
        if every is not None and time.monotonic() >= self._alive_at:
            self._alive_at = time.monotonic() + every
            self._context.notifier.alive()

    def _died(self, process: Worker, *, alone: bool) -> None:
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
        elif alone and self._deaths >= _ROUNDS * self.config.workers:
            self._stop(f"workers died {self._deaths} times, and none serves")

    def _stop(self, why: str) -> None:
        self.failed = why
        self._stops = True

    # The end

    def end_all(self) -> None:
        """Let the workers end in the phases of `gateway.edge.drain`; each further order to stop ends one."""
        wait = self._drain.wait if self._waits else 0.0
        if self._handed_over:
            self._close_sockets()
        else:
            self._context.notifier.stopping("Stopping", wait + self.ended_within)
        log.info("gateway stops", wait=wait, finish=self._drain.finish)
        self._tell(HANDED_OVER if self._handed_over else signal.SIGTERM)
        self._until_ended(wait)
        if not self._handed_over:
            self._context.retire()
        self._tell(WAIT_NO_LONGER)
        self._close_sockets()
        end = time.monotonic() + self.ended_within
        while self._until_ended(end - time.monotonic()):
            self._tell(CUT)
        self._kill_rest()

    def _until_ended(self, seconds: float) -> bool:
        """Wait until all have ended, at most this many seconds; whether another order to stop came."""
        end = time.monotonic() + seconds
        while any(each.process.is_alive() for each in self.processes):
            left = end - time.monotonic()
            if left <= 0:
                return False
            order = self._signals.wait(min(left, _LOOK))
            if order in (signal.SIGTERM, signal.SIGINT):
                return True
            if order == RESTART:
                self._context.answer(STOPS)
        return False

    def _close_sockets(self) -> None:
        """A copy that nobody serves would take connections and leave them without an answer."""
        for each in self._sockets:
            each.close()
        self._context.sockets.close()

    def _kill_rest(self) -> None:
        if self._successor is not None:
            self._successor.kill()
        for each in self.processes:
            if each.process.is_alive():
                log.error("worker does not end", pid=each.pid)
                each.process.kill()
            each.process.join()
