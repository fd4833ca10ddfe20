"""Runs commands in children of one process that imported them before: importing takes longer than most commands.

`python -m tests.forked LISTENER PRELOADED...` takes connections at a socket: one for each command, as a JSON object, and the
descriptors for what it says where they are no files. It answers with the process id of the child, and with its exit code once
it has ended.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_SECONDS = 60
# More descriptors than a command passes on.
_MOST_PASSED = 64
# No process of a test has so many open when it passes some on.
_FREE = 512
# Where a child asks for children of the process that forked it.
PARENT = "TESTS_FORKED_AT"


# Run by an interpreter that imports next to nothing.
_PROGRAM = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connected:
    connected.connect({address!r})
    said = [f"/proc/{{os.getpid()}}/fd/{{number}}" for number in (1, 2)]
    env = dict(os.environ, {parent}={address!r}.hex())
    asked = dict(command=[{module!r}, *sys.argv[1:]], cwd=os.getcwd(), env=env, said=said, seconds={seconds}, leads=False, kept=[], blocked=[])
    connected.sendall(json.dumps(asked).encode())
    connected.recv(16)
    sys.exit(int(connected.recv(16)))
"""


class Child:
    """A command that runs, with what is used of subprocess.Popen."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        self.returncode: int | None = None
        self.pid = self._number()

    def _number(self) -> int:
        """The next number that comes. Raises TimeoutError, and BlockingIOError where none is waited for."""
        word = self._answers.recv(16)
        assert word, "the process that forks has ended"
        return int(word)

    def poll(self) -> int | None:
        """The exit code, if it has ended."""
        if self.returncode is None:
            self._answers.settimeout(0)
            try:
                self._end(self._number())
            except BlockingIOError:
                return None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it ends. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            self._answers.settimeout(timeout)
            try:
                self._end(self._number())
            except TimeoutError as late:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0) from late
        assert self.returncode is not None
        return self.returncode

    def _end(self, code: int) -> None:
        self.returncode = code
        self._answers.close()

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it has ended, and its exit code is on its way
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Forked:
    """`python -m MODULE`, as often as one asks, by the process that listens at this address."""

    def __init__(self, module: str, address: bytes) -> None:
        self._module = module
        self.address = address

    def start(
        self, *arguments: str, out: Path, err: Path, cwd: Path = ROOT, seconds: int | None = None
    ) -> Child:
        """Start it with these arguments and the environment as it is; it ends by itself after so many seconds."""
        return self._started(arguments, cwd=cwd, said=(out, err), seconds=seconds or 0)

    def start_here(self, *arguments: str, output: int, errors: int) -> Child:
        """Start it in this folder, with these descriptors as its output and its errors."""
        return self._started(arguments, (output, errors), said=("", ""), cwd=Path.cwd())

    def start_group(self, *arguments: str, output: int, env: dict[str, str]) -> Child:
        """Start it here in a process group of its own, with this descriptor as its output; its errors are dropped."""
        return self._started(arguments, (output,), said=("", os.devnull), cwd=Path.cwd(), env=env, leads=True)

    def start_kept(self, *arguments: str, kept: Sequence[int], env: Mapping[str, str]) -> Child:
        """Start it here, with the output and the errors of this process, and with these descriptors as they are numbered."""
        return self._started(arguments, (1, 2), said=("", ""), cwd=Path.cwd(), env=env, kept=kept)

    def _started(
        self,
        arguments: Sequence[str],
        passed: Sequence[int] = (),
        *,
        said: Sequence[Path | str],
        cwd: Path = ROOT,
        env: Mapping[str, str] | None = None,
        seconds: int = 0,
        leads: bool = False,
        kept: Sequence[int] = (),
    ) -> Child:
        asked = {
            "command": [self._module, *arguments],
            "cwd": str(cwd),
            "env": {**(os.environ if env is None else env), PARENT: self.address.hex()},
            "said": [str(each) for each in said],
            "seconds": seconds,
            "leads": leads,
            "kept": list(kept),
            "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        }
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connected.connect(self.address)
        socket.send_fds(connected, [json.dumps(asked).encode()], [*passed, *kept])
        return Child(connected)

    def run(self, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder, "stdout"), Path(folder, "stderr")
            code = self.start(*arguments, out=out, err=err, cwd=cwd, seconds=_SECONDS).wait()
            words = [each.read_text("utf-8") for each in (out, err)]
            return subprocess.CompletedProcess([self._module, *arguments], code, *words)

    def program(self, path: Path) -> None:
        """Write a program for a shell, which runs it with its arguments; it has no input."""
        text = _PROGRAM.format(
            python=sys.executable, address=self.address, module=self._module, parent=PARENT, seconds=_SECONDS
        )
        path.write_text(text, "utf-8")
        path.chmod(0o755)


@cache
def forked(module: str, *preloaded: str) -> Forked:
    """The one for this module."""
    return Forked(module, _forker(preloaded))


def forked_beside(module: str, *preloaded: str) -> Forked:
    """The one for this module, by the process that forked this one where there is such a one."""
    parent = os.environ.get(PARENT)
    return Forked(module, bytes.fromhex(parent) if parent else _forker(preloaded))


@cache
def _forker(preloaded: Sequence[str]) -> bytes:
    """The address of a process that has imported these modules."""
    # A name without a file, which the system chooses.
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind("")
        listener.listen(64)
        number = listener.fileno()
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.forked", str(number), *preloaded],
            cwd=ROOT, stdin=subprocess.PIPE, pass_fds=[number],
        )  # fmt: skip
        atexit.register(server.communicate)
        address: bytes = listener.getsockname()
        return address


def _become(
    passed: Sequence[int], command: Sequence[str], cwd: str, env: dict[str, str], said: Sequence[str],
    seconds: int, leads: bool, kept: Sequence[int], blocked: Sequence[int],
) -> None:  # fmt: skip
    """Be the process that runs this command. Raises SystemExit, as the command does."""
    signal.alarm(seconds)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    if leads:
        _lead(0)
    outputs = iter(passed)
    for number, path in enumerate((os.devnull, *said)):
        found = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600) if path else next(outputs)
        os.dup2(found, number)
        os.close(found)
    # Out of the way first: one may be where another has to be.
    moved = [fcntl.fcntl(found, fcntl.F_DUPFD, _FREE) for found in outputs]
    os.closerange(3, _FREE)
    for found, number in zip(moved, kept, strict=True):
        os.dup2(found, number)
        os.close(found)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    _show([sys.executable, "-m", *command])
    sys.argv[1:] = command[1:]
    try:
        runpy.run_module(command[0], run_name="__main__", alter_sys=True)
        _leave(0)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            _leave(end.code or 0)
        raise


def _show(words: Sequence[str]) -> None:
    """Be a process of this command to others: `gateway restart` looks whether it gives its order to one that serves."""
    # What follows the name: the fields from the third one on (proc_pid_stat(5)).
    fields = Path("/proc/self/stat").read_text("utf-8").rpartition(")")[2].split()
    start, end = int(fields[48 - 3]), int(fields[49 - 3])
    line = "\0".join(words).encode()[: end - start]
    ctypes.memmove(start, line.ljust(end - start, b"\0"), end - start)


def _leave(code: int) -> None:
    """End as any process does, but without taking apart what was imported: that would copy the memory that is shared."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _lead(child: int) -> None:
    """Make a child the leader of a group of its own, unless it has ended."""
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(child, child)


def _see_to(client: socket.socket) -> None:
    """Run the command of one connection. Raises SystemExit in the process of the command."""
    words, passed, _, _ = socket.recv_fds(client, 1 << 20, _MOST_PASSED)
    asked: dict[str, Any] = json.loads(words)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        client.close()
        _become(passed, **asked)
    for each in passed:
        os.close(each)
    if asked["leads"]:
        _lead(child)
    client.sendall(str(child).encode())
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        client.sendall(str(code).encode())
    finally:
        os._exit(0)


def main() -> None:
    for module in sys.argv[2:]:
        import_module(module)
    gc.collect()
    gc.freeze()  # a collection in a child would copy all of this
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        # The end of its input is the end of the process that asks.
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            client, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _see_to(client)
            client.close()


if __name__ == "__main__":
    main()
