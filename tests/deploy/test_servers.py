"""What servers get: nginx and Redis take their files, and these say what the gateway needs."""

from __future__ import annotations

import re
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
import trustme

from gateway.session.redis_permissions import grants
from tests.deploy.tools import ROOT, program, run
from tests.redis_server import redis_server, running_redis

NGINX = {name: ROOT / f"deploy/{name}/gateways.conf" for name in ("nginx", "compose/nginx")}
REDIS = {name: ROOT / f"deploy/{name}/redis.conf" for name in ("redis", "compose/redis")}


def test_a_user_of_redis_may_do_what_the_gateway_does_and_nothing_else() -> None:
    lines = (ROOT / "deploy/redis/toegangspoort.acl").read_text().splitlines()
    # INFO is for `gateway doctor`, which looks at memory and replicas.
    assert lines == ["user default off", f"user ti on #HASH {grants('{toegangspoort:ti}:')} +info"]


@pytest.mark.redis
@pytest.mark.parametrize("name", REDIS)
def test_redis_takes_its_file(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    redis_server()
    folder = tmp_path_factory.mktemp("r")
    acl = (ROOT / "deploy/redis/toegangspoort.acl").read_text().replace("HASH", "0" * 64)
    (folder / "toegangspoort.acl").write_text(acl)
    text = REDIS[name].read_text().replace("/etc/redis/", f"{folder}/").replace("dir /data", f"dir {folder}")
    (folder / "redis.conf").write_text(re.sub(r"^bind .*", "bind 127.0.0.1", text, flags=re.M))
    server = running_redis(folder, "--include", str(folder / "redis.conf"))
    with server as found:
        done = run("redis-cli", "-s", found.socket, "PING")
        assert "NOAUTH" in done.stdout + done.stderr


@pytest.mark.redis
def test_the_runbook_asks_redis_as_that_user_may(tmp_path_factory: pytest.TempPathFactory) -> None:
    redis_server()
    lines = re.findall(r"^ +(redis-cli .*)$", (ROOT / "docs/runbooks.md").read_text(), re.M)
    assert len(lines) == 2
    folder = tmp_path_factory.mktemp("r")
    hashed = sha256(b"the password").hexdigest()
    acl = (ROOT / "deploy/redis/toegangspoort.acl").read_text().replace("HASH", hashed)
    (folder / "toegangspoort.acl").write_text(acl)
    (folder / "redis.conf").write_text(f"aclfile {folder}/toegangspoort.acl\n")
    with running_redis(folder, "--include", str(folder / "redis.conf")) as found:
        for line in lines:
            words = line.replace("-h HOST", f"-s {found.socket}").replace("prd", "ti").split()
            done = subprocess.run(words, input="the password\n", capture_output=True, text=True, check=True)
            assert re.match(r"PONG|# Replication", done.stdout), done.stdout + done.stderr


@pytest.mark.parametrize("name", NGINX)
def test_nginx_takes_its_file(name: str, tmp_path: Path) -> None:
    nginx = program("nginx", package="nginx")
    made = trustme.CA()
    certificate = made.issue_cert("register-ti.example.be")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "fullchain.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "privkey.pem")
    text = re.sub(r"/(etc/toegangspoort|run/secrets)/tls/", f"{tmp_path}/", NGINX[name].read_text())
    text = re.sub(r"gateway-\d:", "127.0.0.1:", text)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; events {{}}\nhttp {{ access_log off;\n{text}\n}}\n"
    )
    done = run(nginx, "-t", "-e", "stderr", "-p", tmp_path, "-c", tmp_path / "nginx.conf")
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_nginx_is_told_the_same_in_containers() -> None:
    ways = [
        ("10.0.0.11:8000", "gateway-1:8000"),
        ("10.0.0.12:8000", "gateway-2:8000"),
        ("listen 443", "listen 8443"),
    ]
    ways += [("listen 80;", "listen 8080;"), ("/etc/toegangspoort/tls/", "/run/secrets/tls/")]
    text = NGINX["nginx"].read_text()
    for here, there in ways:
        text = text.replace(here, there)
    assert text.partition("upstream")[2] == NGINX["compose/nginx"].read_text().partition("upstream")[2]
