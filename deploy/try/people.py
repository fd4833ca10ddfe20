"""Who uses what was set up: ACM and the register of the simulator, a certificate, and somebody who logs in."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from machines import Network

_SERVES_WITHIN = 60.0
# The simulator's own login, in a browser that knows the authority of the certificate.
_LOGIN = """
import ssl, sys, httpx2
from simulator.login import login
url, trusted = sys.argv[1:]
client = httpx2.Client
httpx2.Client = lambda **options: client(**options, verify=ssl.create_default_context(cafile=trusted))
print(login(url, "indiener", None))
"""


@contextlib.contextmanager
def simulator(source: Path, place: Path, where: Network, name: str, keys: Path) -> Iterator[None]:
    """ACM at localhost:8010 and the register at 127.0.0.1:8020. ACM knows the client by its public keys in `keys`."""
    copy = place / "simulator"
    copy.mkdir()
    shutil.copytree(source / "simulator", copy / "simulator")
    clients = copy / "simulator/seed/clients.yaml"
    text = clients.read_text().replace("secrets/ti/client.jwks.json", str(keys))
    clients.write_text(text.replace("http://localhost:8000", f"https://{name}"))
    log = place / "simulator.log"
    process = subprocess.Popen(
        ["ip", "netns", "exec", where.name, sys.executable, "-m", "simulator", "serve", "--env", "ti", "--data", str(copy / "var")],
        cwd=copy, stdout=log.open("wb"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        end = time.monotonic() + _SERVES_WITHIN
        asked = (
            "curl",
            "--silent",
            "--fail",
            "--output",
            "/dev/null",
            "http://localhost:8010/op/.well-known/openid-configuration",
        )
        while True:
            with contextlib.suppress(subprocess.CalledProcessError):
                where.run(*asked)
                break
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.3)
        yield
    finally:
        process.terminate()
        process.wait()


def certificate(folder: Path, name: str) -> Path:
    """One for this host that signs itself, where nginx looks for it."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-addext", f"subjectAltName=DNS:{name}", "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
        check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return folder / "fullchain.pem"


def known(made: Path, root: Path) -> None:
    """Let a machine know this certificate, as it knows those of real authorities."""
    place = root / "etc/ssl/certs"
    words = subprocess.run(
        ["openssl", "x509", "-noout", "-hash", "-in", made], capture_output=True, text=True, check=True
    )
    shutil.copy(made, place / f"{words.stdout.strip()}.0")
    with (place / "ca-certificates.crt").open("a") as file:
        file.write(made.read_text())


def logged_in(source: Path, where: Network, url: str, trusted: Path) -> str:
    """Log in as a browser would; the value of the header Cookie."""
    done = where.run(
        sys.executable, "-c", _LOGIN, url, str(trusted), cwd=source, stdout=subprocess.PIPE
    )  # fmt: skip
    cookie = done.stdout.strip()
    assert cookie, "the login gave no cookie"
    print(f"ok  somebody logged in at {url}")
    return cookie
