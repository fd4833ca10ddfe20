"""Machines of Debian with systemd, in folders of this one: a network namespace with their addresses, and what runs in each."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

SUITE = "bookworm"
# What a server of Debian has before anybody installs anything on it.
SERVER = ("systemd", "systemd-sysv", "dbus", "ca-certificates", "curl", "iproute2", "python3")
_BOOTED_WITHIN = 120.0
# Where packages come from: these commands get the network of this machine, all others that of the machines alone.
_FETCHES = ("apt-get ", "pip install ", "make install", "make demo")


def needed() -> None:
    """Ends the program where this machine can't do it. From here on it takes away what it made, also when it is stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    lacking = [
        name for name in ("debootstrap", "systemd-nspawn", "ip", "nsenter") if shutil.which(name) is None
    ]
    if os.geteuid() != 0 or lacking:
        sys.exit(
            f"this needs root, and {', '.join(lacking) or 'nothing else'}: apt-get install debootstrap systemd-container iproute2"
        )


def debian(root: Path, packages: Sequence[str] = SERVER) -> Path:
    """A minimal Debian; one that is there already is used again."""
    if not (root / "usr/bin/env").exists():
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", SUITE, root, "http://deb.debian.org/debian"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        for path in ("etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt"):
            if Path("/", path).exists():
                shutil.copy(Path("/", path), root / path)
        for path in Path("/etc/apt/apt.conf.d").glob("*proxy*"):
            shutil.copy(path, root / "etc/apt/apt.conf.d")
        (root / "etc/apt/apt.conf.d/99quiet").write_text('quiet "2";\nDpkg::Use-Pty "0";\n')
        subprocess.run(["chroot", root, "apt-get", "update"], check=True)
    return root


def _one_by_one(commands: str) -> list[str]:
    """Each command with the lines that go on with it: after a backslash, or within what `for` or `do` opened."""
    if re.search(r"^\s*(for|while|if) ", commands, re.M):
        return [commands]
    return re.split(r"(?<!\\)\n", commands)


@dataclass
class Network:
    """A network namespace with these addresses, reached from this machine by `ip netns exec`."""

    name: str

    def run(self, *command: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["ip", "netns", "exec", self.name, *command], text=True, check=True, **options)  # type: ignore[call-overload,no-any-return]


@contextlib.contextmanager
def network(name: str, addresses: Sequence[str], hosts: str) -> Iterator[Network]:
    """It lasts until the block ends. `hosts` is its /etc/hosts."""
    subprocess.run(["ip", "netns", "add", name], check=True)
    etc = Path("/etc/netns", name)
    try:
        etc.mkdir(parents=True, exist_ok=True)
        (etc / "hosts").write_text(hosts)
        here = Network(name)
        here.run("ip", "link", "set", "lo", "up")
        for each in addresses:
            here.run("ip", "address", "add", f"{each}/32", "dev", "lo")
        yield here
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=False)
        shutil.rmtree(etc, ignore_errors=True)


class Machine:
    """One that systemd has booted. Its files are a layer over the Debian that all share."""

    def __init__(self, name: str, root: Path, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.root = root
        self.folder = "/srv"
        self._process = process
        self._log = log

    @property
    def first(self) -> int:
        """The pid of its systemd, out here."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return int(children[0])

    def run(self, commands: str, *, quiet: bool = False) -> str:
        """Carry out commands as root, in the folder that the last of them went to. Raises AssertionError where one fails."""
        said = ""
        for fetches, some in groupby(
            _one_by_one(commands), lambda each: any(word in each for word in _FETCHES)
        ):
            said += self._run("\n".join(some), [] if fetches else ["-n"], quiet=quiet)
        return said

    def _run(self, commands: str, own: list[str], *, quiet: bool) -> str:
        environ = {
            name: value for name, value in os.environ.items() if name in ("PIP_CERT", "PIP_DEFAULT_TIMEOUT")
        }
        wrapped = f"set -e\ncd {self.folder}\n{commands}\npwd > /srv/.folder\n"
        done = subprocess.run(
            ["nsenter", "-t", str(self.first), "-m", "-u", "-i", "-p", *own, "/usr/bin/env", "-i", "HOME=/srv",
             "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
             "PIP_QUIET=1", "PIP_DISABLE_PIP_VERSION_CHECK=1", *(f"{k}={v}" for k, v in environ.items()), "/bin/bash", "-c", wrapped],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        if not quiet or done.returncode:
            for line in commands.splitlines():
                print(f"{self.name}# {line}")
            print(done.stdout, end="", flush=True)
        if done.returncode:
            journal = subprocess.run(
                ["nsenter", "-t", str(self.first), "-m", "-p", "journalctl", "--no-pager", "-n", "60"],
                stdout=subprocess.PIPE, text=True, check=False,
            ).stdout  # fmt: skip
            raise AssertionError(f"{self.name}: exit code {done.returncode}\n{journal}")
        self.folder = (self.root / "srv/.folder").read_text().strip()
        return done.stdout

    def booted(self) -> None:
        """Wait until its systemd takes orders."""
        end = time.monotonic() + _BOOTED_WITHIN
        while time.monotonic() < end:
            assert self._process.poll() is None, self._log.read_text(errors="replace")
            with contextlib.suppress(OSError, IndexError, AssertionError):
                state = subprocess.run(
                    ["nsenter", "-t", str(self.first), "-m", "-u", "-i", "-p", "-n", "systemctl", "is-system-running"],
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False,
                ).stdout.strip()  # fmt: skip
                if state in ("running", "degraded"):
                    return
            time.sleep(0.3)
        raise AssertionError(f"{self.name} does not boot: {self._log.read_text(errors='replace')}")


@contextlib.contextmanager
def machine(name: str, base: Path, place: Path, where: Network) -> Iterator[Machine]:
    """A machine in this network, until the block ends."""
    root, upper, work = (place / f"{name}-{part}" for part in ("root", "files", "work"))
    for each in (root, upper, work):
        shutil.rmtree(each, ignore_errors=True)
        each.mkdir(parents=True)
    options = f"lowerdir={base},upperdir={upper},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, root], check=True)
    shutil.copy(f"/etc/netns/{where.name}/hosts", root / "etc/hosts")
    log = place / f"{name}.log"
    process = subprocess.Popen(
        ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--resolv-conf=off", f"--machine={name}",
         f"--network-namespace-path=/run/netns/{where.name}", "--directory", root, "--boot"],
        stdin=subprocess.DEVNULL, stdout=log.open("wb"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    found = Machine(name, root, process, log)
    try:
        found.booted()
        yield found
    finally:
        with contextlib.suppress(OSError, IndexError):
            os.kill(found.first, signal.SIGRTMIN + 4)  # as `poweroff`
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        process.kill()
        process.wait()
        subprocess.run(["umount", root], check=False)
