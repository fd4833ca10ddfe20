"""Starts a successor, with the code and configuration of today, which takes over the sockets of a gateway that serves."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from gateway.cli.notify import Notifier
from gateway.cli.sockets import Sockets
from gateway.files.readiness import is_readable

READY: Final = "TOEGANGSPOORT_READY"
"""The variable with the descriptor at which a successor says that it serves."""
_SERVES: Final = b"1"
_WITHIN: Final = 300.0
# Seconds in which a successor that is not wanted ends by itself.
_ENDS_WITHIN: Final = 5.0
log = structlog.get_logger()


class Predecessor:
    """The gateway that started this process to take its place, and serves until this one does; or nobody."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor

    @classmethod
    def of(cls, environ: MutableMapping[str, str]) -> Predecessor:
        """By the variable, which is removed."""
        try:
            number = int(environ.pop(READY, ""))
            os.set_inheritable(number, False)
        except (ValueError, OSError):
            return cls()
        return cls(number)

    def __bool__(self) -> bool:
        return self._descriptor is not None

    def serves(self) -> None:
        """Say that this process serves, so that the predecessor can end."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.write(self._descriptor, _SERVES)
            os.close(self._descriptor)
            self._descriptor = None


@dataclass(frozen=True, slots=True)
class LaunchContext:
    """What the first process of a gateway got from what started it. `environ` is without all that this names."""

    environment: str
    sockets: Sockets
    notifier: Notifier = field(default_factory=Notifier)
    predecessor: Predecessor = field(default_factory=Predecessor)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @classmethod
    def of(cls, environment: str, environ: MutableMapping[str, str]) -> LaunchContext:
        """By these variables, from which those for this process alone are removed. Raises NotListening."""
        parts = Sockets.of(environ), Notifier.of(environ), Predecessor.of(environ)
        return cls(environment, *parts, dict(environ))

    def serves(self) -> None:
        """Say that this gateway serves. A successor is announced by its predecessor, which is the one that is heard."""
        if not self.predecessor:
            self.notifier.ready(f"Serving {self.environment}")
        self.predecessor.serves()

    def retire(self) -> None:
        """Let the kernel take no new connections where this gateway listens.

        What a predecessor handed over it still serves until this gateway does: that stays open.
        """
        self.sockets.retire(only_new=bool(self.predecessor))

    def replaced(self, why: str, successor: int | None) -> None:
        """Say to all who wait how a restart ended: with a successor, or why this gateway serves on."""
        if why:
            log.error("restart failed, and this gateway serves on", reason=why)
            self.notifier.ready(f"Serving {self.environment}; the last restart failed: {why}")
        else:
            log.info("handed over", successor=successor)
            self.notifier.ready(f"Serving {self.environment}", main=successor)
        self.answer(why, successor)

    def answer(self, why: str, successor: int | None = None) -> None:
        """Say so to `gateway restart`, if it waits."""
        said = json.dumps({"why": why, "pid": successor, "environment": self.environment}).encode()
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto(said, waiting_place(os.getpid()))


def waiting_place(pid: int) -> str:
    """Where `gateway restart` waits for the outcome of a restart of this process: an abstract unix socket (unix(7))."""
    return f"\0toegangspoort-restart-{pid}"


class Successor:
    """A new process of `gateway serve`, which was started with the same arguments and listens at the same sockets."""

    def __init__(
        self, context: LaunchContext, *, command: Sequence[str] | None = None, within: float = _WITHIN
    ) -> None:
        """Start it. Raises OSError where that is not possible."""
        if os.getpid() == 1:
            raise OSError("it is the first process of a container, which ends with it: replace the container")
        named, descriptors = context.sockets.handed_over()
        self._heard, said = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the command that started this process
                command or _again(),
                pass_fds=[*descriptors, said],
                stdin=subprocess.DEVNULL,
                env={**context.environ, **context.notifier.variables, **named, READY: str(said)},
            )
        except OSError:
            os.close(self._heard)
            raise
        finally:
            os.close(said)
        self._end = time.monotonic() + within
        self.pid = self._process.pid

    def outcome(self, seconds: float = 0.0) -> str | None:
        """An empty text once it serves, or why it does not. None where that is not known within this many seconds."""
        left = max(0.0, self._end - time.monotonic())
        if is_readable(self._heard, min(seconds, left)):
            word = os.read(self._heard, 1)
            os.close(self._heard)
            if word == _SERVES:
                return ""
            # A thread of it can keep it from ending.
            code = self._ended()
            return f"the new process ended with exit code {code}; its log lines say why"
        if time.monotonic() >= self._end:
            self.stop()
            self._ended()
            return "the new process does not come to serve"
        return None

    def stop(self) -> None:
        """Ask it to end: it is not wanted any more."""
        self._process.terminate()

    def kill(self) -> None:
        """End it. One that hangs would keep the sockets from whatever comes next."""
        self._process.kill()

    def _ended(self) -> int:
        """Its exit code, once it has ended or was killed."""
        try:
            return self._process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()


def _again() -> list[str]:
    """The command that started this process. A script is run as such: it may belong to a newer installation by now."""
    script = Path(sys.argv[0])
    if script.name == "gateway" and os.access(script, os.X_OK):
        return [str(script), *sys.argv[1:]]
    return [sys.executable, "-m", "gateway", *sys.argv[1:]]
