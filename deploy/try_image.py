"""Runs an image that `check_image.py` built as a container would be run, and finds out whether it does what it says."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.check_image import Image

_WITHIN = 180.0
# As Docker does it: the root read-only, with its own /proc, /tmp and shared memory; the volume can be written.
_CONTAINER = """
set -e
ip link set lo up
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -t proc proc "$ROOT/proc"
mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
mount -t tmpfs -o mode=1777 tmpfs "$ROOT/dev/shm" 2>/dev/null || true
mount --bind "$STATE" "$ROOT$VOLUME"
mount --bind "$CONFIG" "$ROOT/etc/toegangspoort"
mount -o remount,ro,bind "$ROOT/etc/toegangspoort"
mount -o remount,ro,bind "$ROOT"
exec chroot --userspec="$USERSPEC" "$ROOT" /usr/bin/env -i -C "$FOLDER" "$@"
"""
_INIT = (
    "gateway", "init", "/etc/toegangspoort", "--env", "ti", "--public-url", "https://register-ti.example.be",
    "--client-id", "client", "--upstream", "http://127.0.0.1:9", "--right", "", "--state", "/var/lib/toegangspoort",
    "--no-doctor",
)  # fmt: skip


class Container:
    """The image as it runs: with a configuration that `gateway init` of the image itself made."""

    def __init__(self, image: Image, config: Path, state: Path, *extra: str, environment: str = "ti") -> None:
        self.image = image
        self._within = [f"{name}={value}" for name, value in image.variables.items()]
        named = [f"GATEWAY_ENV={environment}"] if environment else []
        variables = {
            "ROOT": str(image.root), "STATE": str(state), "CONFIG": str(config), "VOLUME": image.volumes[0],
            "USERSPEC": image.user, "FOLDER": image.folder,
        }  # fmt: skip
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child=KILL", "/bin/sh", "-c", _CONTAINER, "sh",
             *self._within, *named, *image.command, *extra],
            env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        """The first process in there, as it is known out here."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run something beside it, as the same user."""
        return subprocess.run(
            ["nsenter", "-t", str(self.pid), "-m", "-n", "-p", "chroot", f"--userspec={self.image.user}", self.image.root,
             "/usr/bin/env", "-i", *self._within, *command],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def wait_until_healthy(self) -> None:
        """Until its own HEALTHCHECK says so."""
        end = time.monotonic() + _WITHIN
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"it ended: {self.process.stdout.read() if self.process.stdout else ''}")
            with contextlib.suppress(OSError, IndexError):
                if self.inside(*self.image.check).returncode == 0:
                    return
            time.sleep(0.5)
        raise AssertionError("it does not get healthy")

    def stop(self) -> tuple[int, str]:
        """As `docker stop`: the exit code, and what it said."""
        first = self.pid
        os.kill(first, signal.SIGTERM)
        said, _ = self.process.communicate(timeout=_WITHIN)
        return self.process.returncode, said


@contextlib.contextmanager
def folders(image: Image) -> Iterator[tuple[Path, Path]]:
    """A configuration, which the image's own user may read, and a folder for state that it may write."""
    with tempfile.TemporaryDirectory(prefix="image-run-") as made:
        config, state = Path(made, "etc"), Path(made, "state")
        user, _, group = image.user.partition(":")
        (image.root / "etc/toegangspoort").mkdir(exist_ok=True)
        variables = [f"{name}={value}" for name, value in image.variables.items()]
        subprocess.run(
            ["chroot", image.root, "/usr/bin/env", "-i", *variables, *_INIT], check=True, stdout=subprocess.DEVNULL
        )  # fmt: skip
        shutil.move(image.root / "etc/toegangspoort", config)
        (image.root / "etc/toegangspoort").mkdir()
        state.mkdir(mode=0o750)
        for path in (state, config, *config.rglob("*")):
            os.chown(path, int(user), int(group))
        Path(made).chmod(0o755)
        yield config, state


def said(what: str) -> None:
    """One thing that holds."""
    print(f"ok  {what}", flush=True)


def tried(image: Image) -> None:
    """Raises AssertionError with what the image does not do."""
    contents(image)
    with folders(image) as (config, state):
        nameless = Container(image, config, state, environment="")
        words, _ = nameless.process.communicate(timeout=_WITHIN)
        assert nameless.process.returncode == 2, words
        assert "GATEWAY_ENV" in words, words
        said("without GATEWAY_ENV it says what is missing")
        for extra in ((), ("--workers", "2")):
            container = Container(image, config, state, *extra)
            try:
                container.wait_until_healthy()
                running(container)
                code, words = container.stop()
            finally:
                container.process.kill()
            assert code == 0, words
            said(f"it stops with exit code 0 on SIGTERM ({' '.join(extra) or 'one process'})")


def contents(image: Image) -> None:
    """What is in the image, and what is not."""
    (site,) = (image.root / "opt/toegangspoort/lib").glob("python3*/site-packages")
    packages = {
        re.sub(r"[-_.]+", "-", each.name.partition("-")[0]).lower() for each in site.glob("*.dist-info")
    }
    for name in ("pytest", "selenium", "playwright", "hatchling", "ruff", "mypy", "pip"):
        assert name not in packages, name
    for place in (site / "tests", site / "simulator", image.root / "source"):
        assert not place.exists(), place
    said(f"{len(packages)} packages, and neither tests nor the simulator")


def running(container: Container) -> None:
    """While it runs."""
    status = Path(f"/proc/{container.pid}/status").read_text()
    user = container.image.user.partition(":")[0]
    assert re.search(rf"^Uid:\t{user}\t{user}\t{user}\t{user}$", status, re.M), status
    said(f"it runs as {user}")
    sockets = container.inside("cat", "/proc/net/tcp").stdout
    listening = set(re.findall(r"^\s*\d+: ([0-9A-F]{8}):([0-9A-F]{4}) 00000000:0000 0A", sockets, re.M))
    assert {("00000000", f"{port:04X}") for port in (8000, 8001)} <= listening, listening
    said("it listens on all addresses, though the configuration says 127.0.0.1")
    asked = "from http.client import HTTPConnection as C; c = C('127.0.0.1', {}); c.request('GET', {!r}); r = c.getresponse(); print(r.status, r.read())"
    ready = container.inside("python", "-c", asked.format(8001, "/readyz")).stdout
    assert ready.startswith("200 "), ready
    robots = container.inside("python", "-c", asked.format(8000, "/robots.txt")).stdout
    assert re.match(r"\d{3} ", robots), robots
    said(f"it is ready, and answers people ({robots[:3]})")
    for place, may in (
        ("/var/lib/toegangspoort", True),
        ("/tmp", True),
        ("/etc", False),
        ("/opt", False),
        ("/usr", False),
    ):
        done = container.inside("touch", f"{place}/tried")
        assert (done.returncode == 0) == may, f"{place}: {done.stderr}"
    said("it writes in its volume and in /tmp, and nowhere else")
