"""Changing the key by which the provider knows the gateway: made, given to the provider, used, dropped."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from joserfc.jwk import ECKey, KeySet
from typer.testing import CliRunner, Result

from gateway.auth.settings import PrivateKeyJwt
from gateway.cli import application
from gateway.config import load
from gateway.config.key_files import register_client, rotate_client
from tests.auth.scripted_provider import CLIENT_ID, ScriptedProvider
from tests.gateway_fixture import scripted_gateway
from tests.gateways import settings, write_config
from tests.keys import rsa_client_key, rsa_client_keys
from tests.running import serving
from tests.waiting import until


@pytest.fixture
def op() -> Iterator[ScriptedProvider]:
    found = ScriptedProvider(client_key=rsa_client_key("ti"))
    with serving(found.app, lifespan="off") as running:
        found.issuer = f"{running.url}/op"
        yield found


@pytest.fixture
def config(tmp_path: Path, op: ScriptedProvider) -> Path:
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url=op.issuer.removesuffix("/op"),
        upstream_url="http://localhost:8020",
    )  # fmt: skip
    environment["provider"]["client_id"] = CLIENT_ID
    environment["provider"]["client_auth"]["algorithm"] = "RS256"
    (tmp_path / "secrets/ti/client.pem").write_bytes(rsa_client_keys("ti")[0])
    return write_config(tmp_path, {"ti": environment})


def run(command: str, *arguments: str, config: Path) -> Result:
    # One key in 64 has a name that begins with a dash.
    options = [each for each in arguments if each.startswith("--")]
    words = [each for each in arguments if each not in options]
    return CliRunner().invoke(
        application(["keys"]),
        ["keys", command, *options, "--env", "ti", "--config", str(config), "--", *words],
    )


def rows(config: Path) -> list[dict[str, Any]]:
    found = json.loads(run("list", "--json", config=config).stdout)
    return [row for row in found if row["purpose"] == "client"]


def file_of(config: Path) -> Path:
    auth = load(config).environment("ti").provider.client_auth
    assert isinstance(auth, PrivateKeyJwt)
    assert auth.key.path is not None
    return auth.key.path


def test_a_new_key_is_used_once_the_provider_has_it(config: Path, op: ScriptedProvider) -> None:
    (old,) = rows(config)
    said = run("rotate", "client", config=config)
    assert said.exit_code == 0, said.output
    assert "NOT used yet" in said.stdout
    new, before = rows(config)
    assert (new["state"], before["state"], before["id"]) == ("next", "used", old["id"])
    assert "gateway keys use" in new["waits_for"][0]
    public = json.loads(file_of(config).with_suffix(".jwks.json").read_text())["keys"]
    assert [each["kid"][:12] for each in public] == [new["id"], old["id"]]

    content = file_of(config).read_bytes()
    refused = run("use", new["id"], config=config)
    assert refused.exit_code == 1
    assert "does not accept" in refused.stderr
    assert file_of(config).read_bytes() == content
    assert run("drop", old["id"], config=config).exit_code == 1, "it is the one in use"

    op.client_key = KeySet.import_key_set({"keys": public}).keys[0]
    accepted = run("use", new["id"], config=config)
    assert accepted.exit_code == 0, accepted.output
    assert [row["state"] for row in rows(config)] == ["used", "previous"]
    assert run("use", new["id"], config=config).exit_code == 1
    assert run("use", "nothing", config=config).exit_code == 1
    dropped = run("drop", old["id"], "--force", config=config)
    assert dropped.exit_code == 0, dropped.output
    assert [row["id"] for row in rows(config)] == [new["id"]]


def test_a_provider_that_does_not_answer_says_nothing(config: Path, op: ScriptedProvider) -> None:
    run("rotate", "client", config=config)
    name = rows(config)[0]["id"]
    config.write_text(config.read_text().replace(op.issuer, "http://127.0.0.1:9/op"))
    refused = run("use", name, config=config)
    assert (refused.exit_code, "cannot be asked" in refused.stderr) == (1, True)
    assert run("use", name, "--unchecked", config=config).exit_code == 0
    assert rows(config)[0]["state"] == "used"


def test_a_client_with_a_secret_has_no_keys(config: Path) -> None:
    (config.parent / "secret").write_text("x")
    (config.parent / "secret").chmod(0o600)
    written = yaml.safe_load(config.read_text())
    secret = {"method": "client_secret_basic", "secret": "file:secret"}
    written["environments"]["ti"]["provider"]["client_auth"] = secret
    config.write_text(yaml.safe_dump(written))
    said = run("rotate", "client", config=config)
    assert (said.exit_code, "has a secret" in said.stderr) == (1, True)
    assert run("use", "x", config=config).exit_code == 1
    assert rows(config) == []
    assert "has a secret" in run("rotate", "all", config=config).stdout


def test_a_running_gateway_publishes_a_new_key_and_follows(tmp_path: Path) -> None:
    with scripted_gateway(tmp_path) as gate:
        auth = gate.gateway.settings.provider.client_auth
        assert isinstance(auth, PrivateKeyJwt)

        def published() -> list[str]:
            answer = gate.client.get(f"{gate.url}/oauth2/client-jwks.json")
            assert answer.headers["content-type"] == "application/jwk-set+json"
            return [each["kid"] for each in answer.json()["keys"]]

        assert len(published()) == 1
        gate.browser().log_in()
        new = rotate_client(auth, time.time())
        assert until(lambda: len(published()) == 2, 20.0)
        assert published()[0] == new.kid
        gate.browser().log_in()
        gate.op.client_key = ECKey.import_key(new.public)
        register_client(auth, new.kid, time.time())
        assert until(lambda: gate.gateway.keys._used["client"][0] == new.kid, 20.0)
        gate.browser().log_in()
