"""`gateway serve`: checks the configuration, opens both listeners and runs one or more worker processes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import resource
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Annotated

import structlog
import typer
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from gateway import garbage
from gateway.app import Gateway
from gateway.cli.completion import environments
from gateway.cli.loading import loaded, tried
from gateway.cli.options import CONFIG
from gateway.cli.place import stop
from gateway.cli.workers import Supervisor, end_with_supervisor
from gateway.config import Config, ConfigError, checked
from gateway.edge.protocol import protocol_class
from gateway.edge.refusals import Refusals
from gateway.observe.logs import configure_logs
from gateway.pages.wire import WirePages

_DRAIN = 30
# uvloop takes one new connection from each listening descriptor in a round of its loop, however many wait.
_TAKEN_AT_ONCE = 8
_HEALTHY_WITHIN = 60
_MENDED_SECONDS = 1.0
_FAILED = 1
_NOT_STARTED = "The gateway did not start: the log lines above say why."
_HINTS = {
    errno.EADDRINUSE: "is another gateway running?",
    errno.EACCES: "ports below 1024 need the capability CAP_NET_BIND_SERVICE; use another port",
    errno.EADDRNOTAVAIL: "this machine does not have that address; 0.0.0.0 means all that it has",
}
log = structlog.get_logger()


def serve(
    env: Annotated[
        str, typer.Option(help="The environment to serve: ti or prd.", autocompletion=environments)
    ],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    workers: Annotated[int, typer.Option(min=1, max=64, help="The number of worker processes.")] = 1,
) -> None:
    """Run the gateway for one environment until it is stopped (SIGTERM, Ctrl-C).

    Examples:
        gateway serve --env ti
        gateway serve --env prd --config /etc/toegangspoort/config.yaml --workers 3

    Exit codes:
        0: it was stopped
        1: it cannot start, or its workers die again and again
    """
    settings = loaded(config, env, tested=True).environment(env)
    listening = _listen(settings.listen)
    public = [listening, *(listening.dup() for _ in range(_TAKEN_AT_ONCE - 1))]
    observe = _listen(settings.observe.listen)
    fronts = {name: _listen(each.listen) for name, each in settings.fronts.items()}
    configure_logs(level=settings.observe.log_level, form=settings.observe.log_format)
    if workers == 1:
        try:
            _Server(_Worker(config, env, observe, fronts)).run(sockets=public)
        except SystemExit as end:
            if end.code == STARTUP_FAILURE:
                stop(_NOT_STARTED, _FAILED)
            raise
        return
    with tempfile.TemporaryDirectory(prefix="gateway-metrics-") as metrics:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
        worker = _Worker(config, env, observe, fronts)
        worker.workers = workers
        supervisor = Supervisor(worker, sockets=public)
        supervisor.run()
    if supervisor.failed:
        stop(f"{supervisor.failed}. {_NOT_STARTED}", _FAILED)


def _listen(address: str) -> socket.socket:
    if address.startswith("unix:"):
        return _listen_on_file(Path(address.removeprefix("unix:")))
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host.strip("[]"), int(port)))
    except OSError as problem:
        sock.close()
        hint = _HINTS.get(problem.errno or 0, "is the address right?")
        stop(f"cannot listen on {address}: {problem.strerror}; {hint}", _FAILED)
    sock.set_inheritable(True)
    return sock


def _listen_on_file(path: Path) -> socket.socket:
    """A unix socket that the file's group may use; it takes the place of one that nothing listens on any more."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
                other.connect(str(path))
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        if path.is_socket():
            path.unlink()
        before = os.umask(0o117)
        try:
            sock.bind(str(path))
        finally:
            os.umask(before)
    except OSError as problem:
        sock.close()
        hint = _HINTS.get(problem.errno or 0, "is the path right?")
        stop(f"cannot listen on {path}: {problem.strerror or problem}; {hint}", _FAILED)
    sock.set_inheritable(True)
    return sock


def _raise_file_limit() -> None:
    """Let this process open as many files as it may: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _drain_first(number: int, app: Gateway) -> None:
    """On this signal the gateway reports "not ready" before the server closes its listener."""
    then = signal.getsignal(number)

    def drain(signal_number: int, frame: FrameType | None) -> None:
        app.drain()
        if callable(then):
            then(signal_number, frame)

    signal.signal(number, drain)


class _Server(uvicorn.Server):
    """Ends with exit code 0 after a signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            # uvicorn would raise the signal again, which would end the process with another exit code.
            self._captured_signals.clear()


class _Worker(uvicorn.Config):
    """The settings of one worker process. It is sent there as paths, and builds the gateway in that process."""

    def __init__(
        self, path: Path, environment: str, observe: socket.socket, fronts: Mapping[str, socket.socket]
    ) -> None:
        super().__init__(
            app="gateway.app:Gateway",
            interface="asgi3",
            loop="uvloop" if sys.platform != "win32" else "asyncio",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            backlog=2048,
            timeout_graceful_shutdown=_DRAIN,
            # A worker that loads many rules on a busy machine answers its supervisor late; it is not lost.
            timeout_worker_healthcheck=_HEALTHY_WITHIN,
        )
        self._path = path
        self._environment = environment
        self._observe = observe
        self._fronts = fronts
        self.replaces = False

    def load(self) -> None:
        """Build the gateway of this process. Called in the worker."""
        _raise_file_limit()
        config = self._checked()
        settings = config.environment(self._environment)
        configure_logs(level=settings.observe.log_level, form=settings.observe.log_format)
        try:
            app = Gateway(
                config,
                self._environment,
                clock=time.time,
                observe_socket=self._observe,
                front_sockets=self._fronts,
            )
        except (OSError, ValueError) as problem:
            log.error("gateway not started", reason=str(problem))
            sys.exit(STARTUP_FAILURE)
        self.app = app
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, app.reload_soon)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
        for each in (signal.SIGTERM, signal.SIGINT):
            _drain_first(each, app)
        end_with_supervisor()
        refusals = Refusals(app.events, WirePages(app.answers))
        self.http = protocol_class(settings.edge, public_url=settings.public_url, refusals=refusals)
        super().load()
        garbage.tune()

    def _checked(self) -> Config:
        """The configuration. A worker that replaces a dead one waits while the file on disk is broken."""
        before = signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(0))
        reported = False
        try:
            while True:
                try:
                    if self.replaces:
                        tried(self._path, self._environment)
                    return checked(self._path, self._environment)
                except ConfigError as problems:
                    if not reported:
                        words = [str(problem) for problem in problems.problems]
                        log.error("worker waits: the configuration is broken", problems=words)
                    reported = True
                    time.sleep(_MENDED_SECONDS)
        finally:
            signal.signal(signal.SIGTERM, before)
