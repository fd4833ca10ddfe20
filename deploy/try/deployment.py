#!/usr/bin/env python3
"""Follows docs/deployment.md word by word, on machines of Debian that systemd boots in folders of this one.

    deploy/try/deployment.py [--keep FOLDER]

Instead of ACM and the register there is the simulator, and a certificate is made here: see `INSTEAD`. Then people log in, and
gateways stop, restart, get a new release and the old one again under load. Needs root, debootstrap, systemd-nspawn.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from load import Load
from machines import Machine, Network, debian, machine, needed, network
from pages import blocks
from people import certificate, known, logged_in, simulator

SOURCE = Path(__file__).resolve().parent.parent.parent
PAGE = SOURCE / "docs/deployment.md"
NAME = "register-ti.example.be"
CLIENT = "5b0c3a52-6f0e-4f0a-9d53-0f5a1c7be001"
ADDRESSES = ("10.0.0.10", "10.0.0.11", "10.0.0.12")
# What is not as on the page: ACM and the register are those of the simulator.
INSTEAD = {
    "--client-id 5b0c3a52 ": f"--client-id {CLIENT} --issuer http://localhost:8010/op ",
    "--upstream http://10.0.0.20:8080 ": "--upstream http://127.0.0.1:8020 ",
}


def follow(where: Machine, heading: str) -> None:
    """Carry out all commands of this section there."""
    for block in blocks(PAGE, heading):
        for words, instead in INSTEAD.items():
            block = block.replace(words, instead)  # noqa: PLW2901
        where.run(block)


def release(version: str, place: Path) -> Path:
    """`make release` of this checkout, or of one that differs by its version alone."""
    copy = place / f"source-{version}"
    shutil.copytree(
        SOURCE,
        copy,
        ignore=shutil.ignore_patterns(".venv", ".git", "var", "dist", "tests"),
        dirs_exist_ok=True,
    )
    project = (copy / "pyproject.toml").read_text()
    (copy / "pyproject.toml").write_text(
        re.sub(r'^version = ".*"', f'version = "{version}"', project, flags=re.M)
    )
    (copy / "dist").mkdir(exist_ok=True)
    subprocess.run(["deploy/release", str(Path(sys.executable).parent), "dist"], cwd=copy, check=True)
    (found,) = (copy / "dist").glob("*.tar.gz")
    return found


def records(where: Machine) -> int:
    """How many decision records this gateway has written."""
    return sum(1 for _ in (where.root / "var/lib/toegangspoort/ti/ti-records.jsonl").open())


def installed(front: Machine, gateways: list[Machine], place: Path) -> None:
    """The page, up to a gateway that people can log in at."""
    archive = release("0.1.0", place)
    for each in (front, *gateways):
        shutil.copy(archive, each.root / "srv")
    follow(front, "Redis")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda each: follow(each, "Install"), gateways))
    first, second = gateways
    shutil.copy(front.root / "srv/toegangspoort-0.1.0/store-password", first.root / "srv/toegangspoort-0.1.0")
    follow(first, "The first gateway")
    shutil.copytree(
        first.root / "etc/toegangspoort/ti", second.root / "etc/toegangspoort/ti", dirs_exist_ok=True
    )
    follow(second, "The second gateway")
    made = certificate(front.root / "etc/toegangspoort/tls", NAME)
    for each in gateways:
        known(made, each.root)
    follow(front, "nginx")


def followed(front: Machine, gateways: list[Machine], here: Network, place: Path) -> None:
    """All of the page, and whether it is true."""
    installed(front, gateways, place)
    first, second = gateways
    with simulator(
        SOURCE, place, here, NAME, first.root / "etc/toegangspoort/ti/secrets/ti/client.jwks.json"
    ):
        follow(first, "Does it work")
        trusted = front.root / "etc/toegangspoort/tls/fullchain.pem"
        cookie = logged_in(SOURCE, here, f"https://{NAME}", trusted)
        before = [records(each) for each in gateways]
        with Load(here, NAME, trusted, cookie, place) as load:
            load.wait_for(200)
            assert all(records(each) > was for each, was in zip(gateways, before, strict=True)), (
                "one gateway did nothing"
            )
            print("ok  both gateways answer, with one session")
            for each in gateways:
                each.run("systemctl restart toegangspoort@ti")
            load.wait_for(200)
            second.run("systemctl stop toegangspoort@ti.service toegangspoort@ti.socket")
            load.wait_for(200)
            second.run("systemctl start toegangspoort@ti.socket toegangspoort@ti.service")
            load.wait_for(200)
            shutil.copy(release("0.1.1", place), first.root / "srv")
            first.folder = "/srv"
            follow(first, "Upgrade")
            assert "0.1.1" in first.run("gateway version"), "the new version does not run"
            load.wait_for(200)
            follow(first, "Rollback")
            assert "0.1.0" in first.run("gateway version"), "the old version does not run"
            load.wait_for(200)
        print(
            f"ok  {load.sent} requests during restarts, a stop, an upgrade and a rollback: {load.failed} failed"
        )
        assert load.failed == 0, load.faults
        after = logged_in(SOURCE, here, f"https://{NAME}", trusted)
        assert after != cookie, "the second login is the first"
        first.run("systemd-analyze --no-pager security toegangspoort@ti.service | tail -1")


def main() -> None:
    """Make the machines, follow the page on them, and take them away."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="keep the Debian here for another run")
    keep = parser.parse_args().keep
    needed()
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="try-")))
        base = debian((keep or place) / "debian")
        hosts = f"127.0.0.1 localhost\n::1 localhost\n{ADDRESSES[0]} {NAME}\n"
        here = stack.enter_context(network("toegangspoort-try", ADDRESSES, hosts))
        front, *gateways = (
            stack.enter_context(machine(name, base, place, here))
            for name in ("front", "gateway-1", "gateway-2")
        )
        followed(front, gateways, here, place)
    print("docs/deployment.md was followed, and it is true")


if __name__ == "__main__":
    main()
