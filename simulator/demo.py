"""Everything on one machine: for T&I and for PRD a gateway, an ACM and a register, as child processes."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import httpx2

from simulator.data.seed import load_people
from simulator.run import bind
from simulator.serve import PORTS

_PATIENCE = 120.0


class DemoStopped(Exception):
    """The demonstration cannot go on; the words say why."""


class Demo:
    """The child processes of the demonstration."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._children: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._asked_to_stop = False

    def run(self) -> None:
        """Start all, say where it is, and wait until somebody stops it. Raises DemoStopped."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        try:
            self._check_ports()
            self._make_keys()
            for environment in PORTS:
                self._start(f"simulator {environment}", "simulator", "serve", "--env", environment)
            for environment in PORTS:
                self._start(
                    f"gateway {environment}",
                    "gateway",
                    "serve",
                    "--config",
                    str(self._config),
                    "--env",
                    environment,
                )
            self._wait_until_ready()
            if not self._asked_to_stop:
                print(self._words(), flush=True)
            while not self._asked_to_stop:
                self._check_children()
                time.sleep(0.2)
        finally:
            self._end()

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._asked_to_stop = True

    def _check_ports(self) -> None:
        for environment, ports in PORTS.items():
            for port in (ports.gateway, ports.acm, ports.register, ports.observe, ports.decisions):
                try:
                    bind(port).close()
                except OSError as problem:
                    words = f"port {port} ({environment}) is taken: stop what runs there, perhaps another demonstration"
                    raise DemoStopped(words) from problem

    def _make_keys(self) -> None:
        """Of all environments at once: most of the time goes into starting."""
        command = [
            sys.executable,
            "-m",
            "gateway",
            "keys",
            "generate",
            "--config",
            str(self._config),
            "--env",
        ]
        making = {
            environment: subprocess.Popen(  # noqa: S603
                [*command, environment], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            for environment in PORTS
        }
        said = {environment: child.communicate()[1] for environment, child in making.items()}
        for environment, child in making.items():
            if child.returncode != 0:
                raise DemoStopped(f"the keys of {environment} could not be made:\n{said[environment]}")

    def _start(self, name: str, module: str, *arguments: str) -> None:
        # Own process groups: Ctrl-C reaches this process alone, which then stops the others in order.
        child = subprocess.Popen([sys.executable, "-m", module, *arguments], start_new_session=True)  # noqa: S603
        self._children.append((name, child))

    def _wait_until_ready(self) -> None:
        waiting = {}
        for ports in PORTS.values():
            waiting[f"http://localhost:{ports.acm}/health"] = "ACM"
            waiting[f"http://localhost:{ports.register}/health"] = "register"
            waiting[f"http://localhost:{ports.observe}/readyz"] = "gateway"
        end = time.monotonic() + _PATIENCE
        with httpx2.Client(timeout=1.0, trust_env=False) as client:
            while waiting and not self._asked_to_stop:
                self._check_children()
                for url in list(waiting):
                    with contextlib.suppress(httpx2.HTTPError):
                        if client.get(url).status_code == 200:
                            del waiting[url]
                if time.monotonic() > end:
                    raise DemoStopped(f"not ready after {_PATIENCE:g} s: {', '.join(waiting)}")
                time.sleep(0.05)

    def _check_children(self) -> None:
        for name, child in self._children:
            if child.poll() is not None and not self._asked_to_stop:
                raise DemoStopped(f"{name} ended with exit code {child.returncode}; its last words are above")

    def _end(self) -> None:
        for _, child in reversed(self._children):
            if child.poll() is None:
                child.terminate()
        for _, child in self._children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _words(self) -> str:
        lines = ["", "Toegangspoort is ready. Everything here is a simulation.", ""]
        names = {"ti": "T&I", "prd": "PRD"}
        lines.append(f"  {'':5} {'gateway (open this)':24} {'ACM':24} {'register':24} health and metrics")
        for environment, ports in PORTS.items():
            row = "".join(
                f"{f'http://localhost:{port}':25}" for port in (ports.gateway, ports.acm, ports.register)
            )
            lines.append(f"  {names[environment]:5} {row}http://localhost:{ports.observe}")
        lines += ["", "  Log in as:"]
        people = load_people().people.values()
        lines += [f"    {person.persona:20} {person.name:22} {person.about}" for person in people]
        lines += [
            "",
            "  Give and take rights, as beheerder: http://localhost:8010/gebruikersbeheer (PRD: 8110)",
            "  See your own rights: http://localhost:8010/mijnprofiel (PRD: 8110)",
            "  Make something fail: http://localhost:8010/faults, or python -m simulator fault list",
            "  Without a browser: python -m simulator login http://localhost:8000 --as indiener",
            "  Stop: Ctrl-C",
            "",
        ]
        return "\n".join(lines)
