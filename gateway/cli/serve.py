"""`gateway serve`: checks the configuration, opens both listeners and runs one or more worker processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvicorn
from pydantic import TypeAdapter, ValidationError
from uvicorn.config import STARTUP_FAILURE

from gateway import garbage
from gateway.app import Gateway
from gateway.cli.completion import environments
from gateway.cli.exit import stop
from gateway.cli.handover import LaunchContext
from gateway.cli.loading import load_or_exit, try_configuration
from gateway.cli.options import CONFIG
from gateway.cli.server import OnlyServer
from gateway.cli.sockets import NotListening
from gateway.cli.workers import Supervisor, end_with_supervisor
from gateway.config import Config, ConfigError
from gateway.config.reload import watched_config
from gateway.edge.protocol import protocol_class
from gateway.edge.refusals import Refusals
from gateway.files.file_states import Watched
from gateway.observe.logs import configure_logs
from gateway.pages.wire import WirePages
from gateway.settings import ListenAddress

# uvloop takes one new connection from each listening descriptor in a round of its loop, however many wait.
_TAKEN_AT_ONCE = 8
_HEALTHY_WITHIN = 60
_MENDED_SECONDS = 1.0
_FAILED = 1
_NOT_STARTED = "The gateway did not start: the log lines above say why."
log = structlog.get_logger()


def _address(value: str | None) -> str | None:
    if value is not None:
        try:
            TypeAdapter(ListenAddress).validate_python(value)
        except ValidationError as problem:
            raise typer.BadParameter(problem.errors()[0]["msg"].removeprefix("Value error, ")) from problem
    return value


_LISTEN = typer.Option(
    callback=_address,
    help="Listen here instead of at the configuration's `listen`, for a container: HOST:PORT or unix:PATH.",
)
_OBSERVE_LISTEN = typer.Option(
    callback=_address, help="The same for health and metrics, instead of `observe.listen`."
)


def serve(
    env: Annotated[
        str,
        typer.Option(
            help="The environment to serve: ti or prd.", envvar="GATEWAY_ENV", autocompletion=environments
        ),
    ],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    workers: Annotated[int, typer.Option(min=1, max=64, help="The number of worker processes.")] = 1,
    listen: Annotated[str | None, _LISTEN] = None,
    observe_listen: Annotated[str | None, _OBSERVE_LISTEN] = None,
) -> None:
    """Run the gateway for one environment until it is stopped (SIGTERM, Ctrl-C).

    Examples:
        gateway serve --env ti
        gateway serve --env prd --config /etc/toegangspoort/config.yaml --workers 3
        gateway serve --env prd --listen 0.0.0.0:8000 --observe-listen 0.0.0.0:8001

    Exit codes:
        0: it was stopped
        1: it cannot start, or its workers die again and again
    """
    try:
        context = LaunchContext.of(env, os.environ)
        loaded = load_or_exit(config, env, tested=True)
        settings = loaded.environment(env)
        sockets = context.sockets
        at = {"listen": listen or settings.listen, "observe": observe_listen or settings.observe.listen}
        listening, observe = (sockets.listen(address) for address in at.values())
        fronts = {
            name: sockets.reserve(each.listen) if each.grpc else sockets.listen(each.listen)
            for name, each in settings.fronts.items()
        }
        authzen = sockets.listen(settings.authzen.listen) if settings.authzen is not None else None
        sockets.close_rest()
    except NotListening as problem:
        stop(str(problem), _FAILED)
    public = [listening, *(listening.dup() for _ in range(_TAKEN_AT_ONCE - 1))]
    configure_logs(level=settings.observe.log_level, form=settings.observe.log_format)
    worker = _Worker(config, env, at, observe, fronts, authzen)
    worker.watched = loaded.watched
    if workers == 1:
        try:
            OnlyServer(worker, context).run(sockets=public)
        except SystemExit as end:
            if end.code == STARTUP_FAILURE:
                stop(_NOT_STARTED, _FAILED)
            raise
        return
    with tempfile.TemporaryDirectory(prefix="gateway-metrics-") as metrics:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
        worker.workers = workers
        supervisor = Supervisor(worker, public, context, settings.drain)
        supervisor.run()
    if supervisor.failed:
        stop(f"{supervisor.failed}. {_NOT_STARTED}", _FAILED)


def _raise_file_limit() -> None:
    """Let this process open as many files as it may: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Worker(uvicorn.Config):
    """The settings of one worker process. It is sent there as paths, and builds the gateway in that process."""

    def __init__(
        self,
        path: Path,
        environment: str,
        addresses: Mapping[str, str],
        observe: socket.socket,
        fronts: Mapping[str, socket.socket],
        authzen: socket.socket | None = None,
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
            # A worker that loads many rules on a busy machine answers its supervisor late; it is not lost.
            timeout_worker_healthcheck=_HEALTHY_WITHIN,
        )
        self._path = path
        self._environment = environment
        self._observe = observe
        self._fronts = fronts
        self._authzen = authzen
        self._addresses = dict(addresses)
        self.replaces = False
        self.watched: tuple[Watched, ...] = ()

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
                authzen_socket=self._authzen,
            )
        except (OSError, ValueError) as problem:
            log.error("gateway not started", reason=str(problem))
            sys.exit(STARTUP_FAILURE)
        self.app = app
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, app.reload_soon)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
        end_with_supervisor()
        refusals = Refusals(app.events, WirePages(app.answers))
        self.http = protocol_class(settings.edge, public_url=settings.public_url, refusals=refusals)
        app.listeners["public"] = self.http.listener
        app.addresses |= self._addresses
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
                        try_configuration(self._path, self._environment)
                    return watched_config(self._path, self._environment, self.watched)
                except ConfigError as problems:
                    if not reported:
                        words = [str(problem) for problem in problems.problems]
                        log.error("worker waits: the configuration is broken", problems=words)
                    reported = True
                    time.sleep(_MENDED_SECONDS)
        finally:
            signal.signal(signal.SIGTERM, before)
