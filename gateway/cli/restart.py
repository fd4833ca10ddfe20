"""`gateway restart`: a running gateway hands over to a successor with the code and the configuration of now."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateway.cli.exit import stop
from gateway.cli.handover import waiting_place

_FAILED: Final = 1
_WRONG: Final = 2
_NOT_CONFIRMED: Final = 3
_CREDENTIALS: Final = struct.Struct("iII")
_SO_PASSCRED: Final = 16
_SCM_CREDENTIALS: Final = 2


def restart(
    pid: Annotated[
        int, typer.Argument(min=1, help="The first process of the gateway ($MAINPID in a unit of systemd).")
    ],
    timeout: Annotated[float, typer.Option(min=1, max=600, help="Seconds to wait for the successor.")] = 120,
) -> None:
    """Replace a running gateway without losing a request.

    The gateway starts a successor with its own arguments, which reads the code and the whole configuration as they are now,
    and takes over the listening sockets. Once that one serves, the old one ends what it has under way. If it does not come to
    serve, the old one goes on, and nothing has changed.

    Examples:
        gateway restart 4711
        gateway restart 4711 --timeout 300

    Exit codes:
        0: the successor serves; its environment and process id are printed
        1: it did not start, and the old gateway serves on
        2: there is no gateway with this process id
        3: it is not known yet how it ended
    """
    if not _is_gateway(pid):
        stop(f"process {pid} is not the first process of a gateway that serves: nothing was done", _WRONG)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.setsockopt(socket.SOL_SOCKET, _SO_PASSCRED, 1)
        try:
            heard.bind(waiting_place(pid))
        except OSError:
            stop(f"somebody else restarts process {pid} at this moment", _NOT_CONFIRMED)
        try:
            os.kill(pid, signal.SIGUSR2)
        except OSError as problem:
            stop(f"process {pid} takes no orders from here: {problem.strerror}", _WRONG)
        said = _outcome(heard, pid, timeout)
    if said is None:
        stop(
            f"process {pid} has not said within {timeout:g}s how its restart ended: see its log",
            _NOT_CONFIRMED,
        )
    # A gateway of an earlier version does not say which environment it is of.
    of = f" of {said['environment']}" if said.get("environment") else ""
    if said["why"]:
        stop(f"{said['why']}. The old gateway{of} (process {pid}) serves on.", _FAILED)
    typer.echo(f"The successor{of} serves: process {said['pid']}")


def _is_gateway(pid: int) -> bool:
    """Whether it runs `gateway serve` and waits for this order: it would end any other process."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
        caught = int(next(line for line in lines if line.startswith("SigCgt:")).split()[1], 16)
        return b"serve" in words and bool(caught >> (signal.SIGUSR2 - 1) & 1)
    return False


def _outcome(heard: socket.socket, pid: int, seconds: float) -> dict[str, Any] | None:
    """What the gateway says, and nobody else; None where it says nothing."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        heard.settimeout(left)
        try:
            data, ancillary, _, _ = heard.recvmsg(4096, socket.CMSG_SPACE(_CREDENTIALS.size))
        except TimeoutError:
            return None
        for _, kind, content in ancillary:
            if kind == _SCM_CREDENTIALS and _CREDENTIALS.unpack(content[: _CREDENTIALS.size])[0] == pid:
                found: dict[str, Any] = json.loads(data)
                return found
    return None
