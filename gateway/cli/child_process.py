"""Runs a command in a child process, so that an operator's own policy that ends the process does not do so silently."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Final, NoReturn

import typer

_PASSED_ON: Final = (signal.SIGTERM, signal.SIGHUP)
_WANTED: Final = (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, *_PASSED_ON)
_DONE: Final = b"."


def run_in_child(command: Callable[[], object], *, otherwise: int) -> NoReturn:
    """Run it and end this process as it ends, also by a signal. A policy that calls os._exit, or crashes, ends only the
    child: that is said, and the exit code is `otherwise`.
    """
    if threading.active_count() > 1:
        command()
        sys.exit()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            command()
            sys.exit()
        finally:
            os.write(writing, _DONE)
    # A terminal sends its signals to the child as well.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for each in _PASSED_ON:
        signal.signal(each, lambda number, _frame: os.kill(child, number))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if -code in _WANTED:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os.close(writing)
    os.set_blocking(reading, False)
    sys.exit(code if _said(reading) == _DONE else _not_done(code, otherwise))


def _said(reading: int) -> bytes:
    try:
        return os.read(reading, 1)
    except BlockingIOError:  # a process of the policy's still has the other end
        return b""


def _not_done(code: int, otherwise: int) -> int:
    from gateway.config.forked_process import exit_words  # noqa: PLC0415 - commands that end well start without it

    words = (
        f"The command {exit_words(code)} before it was done: what it printed is not complete, and nothing was compared"
        " or judged to the end. A policy of your own (`plugins:`) does that by os._exit, or by a library that crashes."
    )
    typer.echo(words, err=True)
    return otherwise
