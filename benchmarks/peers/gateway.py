"""The gateway with everything on: a session, rules, identity headers, assertion, metrics and decision records."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.peers.processes import PROXY_CORE, NotRunning, free_port, pinned, version
from benchmarks.peers.target import Bench, Target
from simulator.acm.app import create_acm
from simulator.acm.clients import Client
from simulator.acm.state import AcmState
from simulator.data.seed import load_people
from simulator.login import login
from simulator.run import running
from tests.gateways import CLIENT_ID, settings, write_config
from tests.keys import client_keys

ROOT = Path(__file__).parent.parent.parent


def acm_of(url: str) -> Callable[[str], object]:
    """Makes the ACM, for its own address, at which the gateway with this public URL is a client."""

    def acm(base: str) -> object:
        client = Client(
            f"{CLIENT_ID}-ti", "Toegangspoort", (f"{url}/oauth2/callback",), (f"{url}/oauth2/logout/callback",),
            ("openid", "profile", "vo", "ovam"), jwks=client_keys("ti")[1],
        )  # fmt: skip
        return create_acm(AcmState("ti", base, (client,), load_people))

    return acm


@contextlib.contextmanager
def gateway(bench: Bench, checkout: Path = ROOT, workers: int = 1) -> Iterator[Target]:
    """The gateway of a checkout, with somebody logged in whom the rules let through. All workers share the first core."""
    folder = Path(tempfile.mkdtemp(prefix="gateway-", dir=bench.folder))
    own = checkout / ".venv" / "bin" / "python"
    python = str(own) if own.exists() else sys.executable
    url, observe = f"http://localhost:{free_port()}", f"127.0.0.1:{free_port()}"

    with running(acm_of(url)) as acm_url:
        config = _config(folder, checkout, url, acm_url, bench.upstream, observe)
        command = [python, "-m", "gateway", "serve", f"--config={config}", "--env=ti", f"--workers={workers}"]
        ready = f"http://{observe}/readyz"
        with pinned(command, core=PROXY_CORE, log=folder / "log", url=ready, cwd=checkout) as pid:
            yield Target(pid, f"{url}/", login(url, "indiener"), f"Python {version(python, '-V')}")
        if not (folder / "var" / "ti.jsonl").stat().st_size:
            raise NotRunning("no decision records were written")


def _config(folder: Path, checkout: Path, url: str, acm_url: str, upstream: str, observe: str) -> Path:
    environment = settings(
        folder, name="ti", gateway_url=url, acm_url=acm_url, upstream_url=f"http://{upstream}",
        listen=url.removeprefix("http://").replace("localhost", "127.0.0.1"),
        observe={"listen": observe, "log_level": "info"},
    )  # fmt: skip
    return write_config(folder, {"ti": environment}, plugins=(str(checkout / "plugins"),))
