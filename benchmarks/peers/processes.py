"""Child processes of a benchmark: pinned to a core, awaited, stopped, and their processor time."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx2

from simulator.run import bind

PROXY_CORE, LOAD_CORE = 0, 1
TEMPLATES = Path(__file__).parent / "templates"
_START_SECONDS = 60


class NotRunning(Exception):
    """A target is missing on this machine, does not start or does not answer; the words say why."""


def free_port() -> int:
    """A port of this machine that is free at this moment."""
    with contextlib.closing(bind(0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def render(template: Path, place: Path, values: Mapping[str, object]) -> Path:
    """Writes a template to `place`, each `@NAME@` replaced by its value. Raises KeyError for an unknown name."""
    text = template.read_text("utf-8")
    place.write_text(re.sub(r"@([A-Z_]+)@", lambda name: str(values[name[1]]), text), "utf-8")
    return place


@contextlib.contextmanager
def pinned(
    command: Sequence[str],
    *,
    core: int,
    log: Path,
    url: str,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[int]:
    """The process id of a server on one core that answers at `url`, until the block ends."""
    with log.open("wb") as out:
        child = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, **(environment or {})},
        )  # fmt: skip
    with stopping(child, 15):
        wait_until_it_answers(url, child, log)
        yield child.pid


@contextlib.contextmanager
def stopping(child: subprocess.Popen[bytes], patience: float) -> Iterator[None]:
    """Stops the process at the end of the block; kills it where that takes more than `patience` seconds."""
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_until_it_answers(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    with httpx2.Client(trust_env=False, timeout=2) as client:
        while time.monotonic() < end and child.poll() is None:
            with contextlib.suppress(httpx2.HTTPError):
                if client.get(url).status_code < 500:
                    return
            time.sleep(0.03)
    last = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
    raise NotRunning(f"does not start: {last or 'no answer'}")


def processor_seconds(pid: int) -> float:
    """Time on a processor of all threads of a process and its children so far."""
    nanoseconds = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            nanoseconds += int((thread / "schedstat").read_text().split()[0])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return nanoseconds / 1e9 + sum(processor_seconds(int(child)) for child in children)


def version(*command: str) -> str:
    """The first number of three parts that a command prints about itself."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    found = re.search(r"\d+\.\d+\.\d+", done.stdout + done.stderr)
    return found[0] if found else "?"
