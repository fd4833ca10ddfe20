"""A child that goes on from a process: what it says, its end, and its process group."""

from __future__ import annotations

import signal
import sys
import threading

import pytest

from gateway.config.forked_process import can_fork
from tests.forked import forked


def run(program: str) -> str:
    """What a process without further threads prints."""
    start = "import os, sys, time; from gateway.config.forked_process import ForkedProcess, output_of; "
    done = forked("tests.config.tried", "gateway.config.trial").run("run", start + program)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_output_comes_whole_with_the_exit_code() -> None:
    said = run(
        "process = ForkedProcess(lambda: (print('not this'), print('nor this', file=sys.stderr), "
        "os.write(1, b'x' * 200_000), os._exit(3))); "
        "said = output_of(process, 60); print(len(said), process.returncode)"
    )
    assert said == "200000 3\n"


def test_work_that_raises_ends_the_child_only() -> None:
    program = "process = ForkedProcess(lambda: 1 / 0); print(output_of(process, 60), process.returncode)"
    assert run(program) == "b'' 1\n"


def test_it_is_waited_for_no_longer_than_asked_and_ends_with_its_group() -> None:
    said = run(
        "import signal, subprocess\n"
        "with ForkedProcess(lambda: (os.write(1, b'before'), time.sleep(60))) as process:\n"
        "    assert os.getpgid(process.pid) == process.pid != os.getpgid(0)\n"
        "    try:\n"
        "        output_of(process, 0.2)\n"
        "    except subprocess.TimeoutExpired as late:\n"
        "        os.killpg(process.pid, signal.SIGKILL)\n"
        "        print(late.output, process.wait(60))\n"
    )
    assert said == f"b'before' {-signal.SIGKILL}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the threads of a process")
def test_a_process_with_threads_is_not_forked() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    assert not can_fork()
    done.set()
    thread.join()
