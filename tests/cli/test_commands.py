"""The other commands, run as an operator runs them."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from gateway import __version__
from tests.gateways import settings, write_config
from tests.processes import command


@pytest.fixture
def config(tmp_path: Path) -> Path:
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020",
    )  # fmt: skip
    return write_config(tmp_path, {"ti": environment})


def test_version() -> None:
    assert command("version").stdout.strip() == __version__


def test_the_shipped_configuration_is_fine() -> None:
    done = command("config", "validate", "config.yaml")
    assert done.returncode == 0, done.stderr
    assert "is fine" in done.stdout


def test_validate_tells_every_problem(config: Path) -> None:
    config.write_text(
        config.read_text().replace("authenticated", "autenticated").replace("upstream:", "upstrem:")
    )
    done = command("config", "validate", str(config))
    assert done.returncode == 1
    assert len([line for line in done.stderr.splitlines() if line.startswith(str(config))]) == 3
    assert command("config", "validate", str(config.parent / "nothing.yaml")).returncode == 1
    assert command("config", "validate", "--nothing").returncode == 2


def person(folder: Path, **facts: object) -> str:
    path = folder / "person.json"
    path.write_text(json.dumps(facts))
    return str(path)


def explain(config: Path, *arguments: str) -> tuple[int, str, str]:
    done = command("policy", "explain", "--config", str(config), "--env", "ti", *arguments)
    return done.returncode, done.stdout, done.stderr


def test_explain_tells_what_was_looked_at_and_what_helps(config: Path, tmp_path: Path) -> None:
    somebody = person(tmp_path, organisation="0456789034", rights=["OVAMGebruiker-Bodemdossiers:0456789034"])
    code, out, _ = explain(config, "--as", somebody, "GET", "/organisaties/0456789034/meldingen/1")
    assert code == 0
    assert out.startswith("REFUSED by rule 'own' (right-missing)")
    assert "rule open: the path does not match" in out
    assert "path variables: kbo=0456789034" in out
    assert "granted by your local administrator" in out
    allowed = person(tmp_path, organisation="0456789034", rights=["indiener"])
    assert explain(config, "--as", allowed, "GET", "/")[1].startswith("ALLOWED by rule 'home'")
    assert "log in" in explain(config, "GET", "/")[1]
    assert "no rule matches" in explain(config, "GET", "/nothing")[1]


def test_explain_as_data(config: Path, tmp_path: Path) -> None:
    somebody = person(tmp_path, organisation="0456789034", rights=[])
    found = json.loads(explain(config, "--as", somebody, "--json", "GET", "/")[1])
    assert found["allowed"] is False
    assert found["missing"][0][0]["right"] == "OVAMGebruiker"
    assert [rule["rule"] for rule in found["rules"]] == ["open", "own", "echo", "home"]


def test_explain_tells_what_is_wrong_with_its_input(config: Path, tmp_path: Path) -> None:
    for facts, words in (
        ({"organisatin": "x"}, "did you mean 'organisation'"),
        ({"rights": ["indienr"]}, "did you mean 'indiener'"),
    ):
        code, _, err = explain(config, "--as", person(tmp_path, **facts), "GET", "/")
        assert code == 2
        assert words in err
    (tmp_path / "broken.json").write_text("{")
    assert explain(config, "--as", str(tmp_path / "broken.json"), "GET", "/")[0] == 2
    assert explain(config, "--as", str(tmp_path / "none.json"), "GET", "/")[0] == 2
    code, _, err = explain(config, "GET", "/a/../b")
    assert code == 1
    assert "refuses this path before any rule" in err


def test_keys_are_made_once_and_only_for_the_owner(tmp_path: Path) -> None:
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020",
    )  # fmt: skip
    config = write_config(tmp_path, {"ti": environment})
    folder = tmp_path / "secrets/ti"
    for path in folder.iterdir():
        path.unlink()
    first = command("keys", "generate", "--config", str(config), "--env", "ti")
    assert first.returncode == 0, first.stderr
    made = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(made) == {"client.pem", "assertion.pem", "session.key", "client.jwks.json"}
    for name in ("client.pem", "assertion.pem", "session.key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert set(json.loads(made["client.jwks.json"])["keys"][0]) & {"d", "p", "q"} == set()
    command("keys", "generate", "--config", str(config), "--env", "ti")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == made
