"""The policy `remote` against Cerbos, an engine that speaks AuthZEN and was written by others.

Cerbos is looked for in CERBOS, on the path, and where `npm install --global @cerbos/cerbos-linux-x64` puts it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.plugin import Allow, Deny, Identity, Missing, Policy
from gateway.plugin.testing import facts, person, policy
from gateway.policy.facts import Gatherer
from plugins.remote import Remote
from tests.running import free_socket
from tests.waiting import until

_INSTALLED = "@cerbos/cerbos-linux-x64/cerbos-linux-x64"
POLICY = """
apiVersion: api.cerbos.dev/v1
resourcePolicy:
  version: default
  resource: melding
  rules:
    - actions: [GET]
      effect: EFFECT_ALLOW
      roles: ["*"]
      condition:
        match:
          expr: request.principal.attr.organisation == request.resource.id
    - actions: [POST]
      effect: EFFECT_ALLOW
      roles: ["*"]
      condition:
        match:
          expr: '("OVAMGebruiker-Indiener:" + request.resource.id) in request.principal.attr.rights'
"""


def _cerbos() -> str | None:
    roots = [Path(each) / "lib/node_modules" for each in ("/usr/local", "/usr")]
    places = [os.environ.get("CERBOS"), shutil.which("cerbos"), *(str(root / _INSTALLED) for root in roots)]
    return next((place for place in places if place and Path(place).is_file()), None)


@pytest.fixture(scope="module")
def cerbos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = _cerbos()
    if program is None:
        pytest.skip("no Cerbos: npm install --global @cerbos/cerbos-linux-x64")
    folder = tmp_path_factory.mktemp("cerbos")
    (folder / "policies").mkdir()
    (folder / "policies/melding.yaml").write_text(POLICY)
    with free_socket() as http, free_socket() as grpc:
        ports = [each.getsockname()[1] for each in (http, grpc)]
    settings = {
        "server.httpListenAddr": f"127.0.0.1:{ports[0]}",
        "server.grpcListenAddr": f"127.0.0.1:{ports[1]}",
        "storage.driver": "disk",
        "storage.disk.directory": str(folder / "policies"),
        "telemetry.disabled": "true",
    }
    arguments = [f"--set={name}={value}" for name, value in settings.items()]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([program, "server", *arguments], stdout=log, stderr=log, cwd=folder)
    try:
        url = f"http://127.0.0.1:{ports[0]}"
        until(lambda: _answers(url) or running.poll() is not None)
        assert running.poll() is None, (folder / "log").read_text()
        yield url
    finally:
        running.terminate()
        running.wait(10)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/.well-known/authzen-configuration", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


def remote(url: str, name: str = "engine", **options: Any) -> Policy:
    known = {
        "protocol": "authzen",
        "url": url,
        "name": name,
        "timeout": "10s",
        "resource": "{kbo}",
        "resource_type": "melding",
        "send": ["organisation", "rights"],
    }
    return policy(Remote, {**known, **options}, variables=("kbo",))


async def judged(tried: list[Policy], identity: Identity, kbo: str, method: str = "GET") -> list[Any]:
    given = {"identity": identity, "variables": {"kbo": kbo}, "method": method}
    gatherer = Gatherer()
    try:
        questions = [question for each in tried if (question := each.question(facts(**given))) is not None]
        gathered = await gatherer.gather(questions)
    finally:
        await gatherer.aclose()
    assert gathered.failures == {}
    return [each.decide(facts(**given, answers=gathered.facts)) for each in tried]


ALLOWS = Allow("engine-allows")
REFUSES = Deny("engine-refuses", ((Missing("other", "none"),),))


async def test_cerbos_decides(cerbos: str) -> None:
    somebody = person("OVAMGebruiker-Indiener", organisation="0428315871")
    assert await judged([remote(cerbos)], somebody, "0428315871") == [ALLOWS]
    assert await judged([remote(cerbos)], somebody, "0316380841") == [REFUSES]
    assert await judged([remote(cerbos)], somebody, "0428315871", "POST") == [ALLOWS]
    assert await judged([remote(cerbos)], person(organisation="0428315871"), "0428315871", "POST") == [
        REFUSES
    ]
    # What is not sent does not count.
    assert await judged([remote(cerbos, send=[])], somebody, "0428315871") == [REFUSES]


async def test_cerbos_decides_several_at_once(cerbos: str) -> None:
    several = [
        remote(cerbos, "get", action="GET"),
        remote(cerbos, "post", action="POST"),
        remote(cerbos, "put", action="PUT"),
    ]
    somebody = person(organisation="0428315871")
    assert await judged(several, somebody, "0428315871") == [ALLOWS, REFUSES, REFUSES]


async def test_the_doctor_sees_cerbos(cerbos: str) -> None:
    source = remote(cerbos).fact_source()
    assert source is not None
    client = source.connect()
    try:
        assert await client.check() == f"{cerbos} answers with decisions (single and several evaluations)"
    finally:
        await client.aclose()
