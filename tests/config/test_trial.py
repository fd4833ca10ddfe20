"""A configuration is tried in a process of its own: what ends that process never ends the gateway."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from gateway.config import trial
from gateway.config.trial import Trial
from tests.forked import forked
from tests.gateways import settings, write_config
from tests.processes import command
from tests.waiting import until

POLICY = """
from gateway.plugin import Allow, Policy

class Mine(Policy, name="mine"):
    def decide(self, facts):
        {decide}
        return Allow()
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:1", acm_url="http://localhost:2",
        upstream_url="http://localhost:3",
    )  # fmt: skip
    (tmp_path / "mine").mkdir()
    rule = {"id": "r", "match": {"path": "/**"}, "require": ["mine"]}
    path = write_config(tmp_path, {"ti": environment}, rules=[rule], plugins=("./mine",))
    document = yaml.safe_load(path.read_text())
    document["tests"] = [{"request": "GET /x", "expect": "allow"}]
    path.write_text(yaml.safe_dump(document))
    return path


def plugin(config: Path, first: str = "", decide: str = "pass") -> Path:
    file = config.parent / "mine/mine.py"
    file.write_text(first + POLICY.format(decide=decide))
    return file


@pytest.fixture(autouse=True)
def fresh_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere in the tests they are forks of a process that has imported all."""
    monkeypatch.setattr(trial, "subprocess", subprocess)


Said = Callable[..., str]


def alone(config: Path, seconds: float = 60.0) -> str:
    """What a trial finds in a process without further threads, as commands are."""
    done = forked("tests.config.tried", "gateway.config.trial").run("trial", str(config), "ti", str(seconds))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(params=["alone", "among-threads"])
def said(request: pytest.FixtureRequest) -> Iterator[Said]:
    """What a trial finds: in a process without further threads, as commands are, and with, as workers are."""

    def among_threads(config: Path, seconds: float = 60.0) -> str:
        return "\n".join(map(str, Trial(config, "ti", seconds=seconds).problems()))

    if request.param == "alone":
        yield alone
        return
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    yield among_threads
    done.set()
    thread.join()


def test_a_good_configuration_has_no_problems(config: Path, said: Said) -> None:
    plugin(config, "print('not an answer')\n")
    assert said(config) == ""


def test_a_gateway_with_many_connections_tries_too(config: Path) -> None:
    """Each descriptor that it opens then has a number above those that `select` takes."""
    plugin(config)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limits[0], 4_096), limits[1]))
    with contextlib.ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        while stack.enter_context(open(os.devnull)).fileno() < 1_024:  # noqa: PTH123 - a descriptor is all that counts
            pass
        assert Trial(config, "ti").problems() == ()


def test_problems_come_with_their_places(config: Path, said: Said) -> None:
    plugin(config)
    text = config.read_text().replace("expect: allow", "expect: deny")
    config.write_text(text)
    line = text[: text.index("- expect")].count("\n") + 1
    assert said(config).startswith(f"{config}:{line}:3: test 'GET /x as nobody' failed")


@pytest.mark.parametrize(
    ("first", "decide", "words"),
    [
        ("import sys; sys.exit(0)\n", "pass", "calls sys.exit(0)"),
        ("x = bytearray(1 << 40)\n", "pass", "MemoryError"),
        ("", "import ctypes; ctypes.string_at(0)", "was ended by SIGSEGV"),
    ],
)
def test_a_plugin_that_ends_the_process_is_a_problem_with_its_place(
    config: Path, said: Said, first: str, decide: str, words: str
) -> None:
    file = plugin(config, first, decide)
    found = said(config)
    assert words in found
    assert found.startswith((f"{file}:1:1: ", f"{config}:"))


def test_a_plugin_that_hangs_is_a_problem(config: Path, said: Said) -> None:
    plugin(config, "import time; time.sleep(60)\n")
    assert "the process that tried this configuration took longer than 1 s" in said(config, 1.0)


def test_a_trial_can_be_ended_with_all_that_it_started(config: Path) -> None:
    mark = config.parent / "child"
    plugin(
        config,
        f"import subprocess, time; open({str(mark)!r}, 'w').write(str(subprocess.Popen(['sleep', '60']).pid))\n"
        "time.sleep(60)\n",
    )
    hanging = Trial(config, "ti")
    thread = threading.Thread(target=hanging.problems)
    thread.start()
    assert until(lambda: mark.exists() and mark.read_text(), 30.0)
    hanging.end()
    thread.join(10)
    assert not thread.is_alive()

    def ended() -> bool:
        status = Path(f"/proc/{int(mark.read_text())}/stat")
        return not status.exists() or status.read_text().split()[2] == "Z"

    assert until(ended, 10.0)


def test_a_process_that_a_plugin_left_behind_is_not_waited_for(config: Path, said: Said) -> None:
    mark = config.parent / "left"
    plugin(
        config,
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        f"    open({str(mark)!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(300)\n"
        "    os._exit(0)\n",
    )
    begun = time.monotonic()
    try:
        assert said(config) == ""
        assert time.monotonic() - begun < 50.0
    finally:
        os.kill(int(mark.read_text()), signal.SIGKILL)


def test_no_command_takes_the_end_of_the_process_for_success(config: Path) -> None:
    plugin(config, "import os; os._exit(0)\n")
    for arguments in (("config", "validate", str(config)), ("serve", "--config", str(config), "--env", "ti")):
        done = command(*arguments)
        assert done.returncode == 1
        assert "mine.py:1:1: " in done.stderr
        assert "ended by itself (exit code 0)" in done.stderr
