"""`gateway init` writes a configuration that a gateway can start with, once, and says what comes next."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import application
from gateway.config import load

RIGHT = "OVAMGebruiker-NonConformiteitenIndiener"
ANSWERS = (
    "--public-url", "https://register.example.be", "--client-id", "5b0c3a52",
    "--upstream", "http://127.0.0.1:9", "--right", RIGHT,
)  # fmt: skip


def init(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(application(["init"]), ["init", str(folder), *arguments])


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_writes_configuration_and_keys_and_says_what_comes_next(tmp_path: Path) -> None:
    done = init(tmp_path / "new", *ANSWERS, "--env", "prd", "--no-doctor")
    assert done.exit_code == 0, done.output
    assert sorted(content(tmp_path / "new")) == [
        "config.yaml", "secrets/prd/assertion.pem", "secrets/prd/client.jwks.json", "secrets/prd/client.pem",
        "secrets/prd/session.key",
    ]  # fmt: skip
    settings = load(tmp_path / "new/config.yaml").environment("prd")
    assert settings.provider.issuer == "https://authenticatie.vlaanderen.be/op"
    assert settings.ring("sessions").read()
    assert "redirect URI https://register.example.be/oauth2/callback" in done.output
    for line in re.findall(r"gateway (?:config|policy|doctor|serve)[^\n]*", done.output):
        assert str(tmp_path / "new/config.yaml") in line


def test_it_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("mine")
    done = init(tmp_path, *ANSWERS, "--no-doctor")
    assert done.exit_code == 1
    assert "is there already. NOTHING WAS WRITTEN." in done.output
    assert content(tmp_path) == {"config.yaml": b"mine"}


def test_a_second_environment_shares_the_rules(tmp_path: Path) -> None:
    assert init(tmp_path, *ANSWERS, "--layout", "files", "--no-doctor").exit_code == 0
    before = content(tmp_path)
    second = init(tmp_path, *ANSWERS, "--layout", "files", "--env", "prd", "--no-doctor")
    assert second.exit_code == 0, second.output
    assert f"kept  the rules in {tmp_path}/rules" in second.output
    assert before.items() <= content(tmp_path).items()
    assert load(tmp_path / "ti.yaml").rules["ti"].hash == load(tmp_path / "prd.yaml").rules["prd"].hash


def test_what_must_still_be_done_has_a_code_of_its_own(tmp_path: Path) -> None:
    done = init(tmp_path, *ANSWERS, "--env", "prd", "--issuer", "http://localhost:9/op")
    assert done.exit_code == 3, done.output
    assert "FAILED" in done.output
    assert (tmp_path / "config.yaml").exists()


def test_without_a_terminal_it_names_the_options_that_are_missing(tmp_path: Path) -> None:
    done = init(tmp_path)
    assert done.exit_code == 2
    assert "give --public-url, --client-id, --upstream, --right" in done.output
    assert not content(tmp_path)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--public-url", "http://register.example.be", "http is for localhost only"),
        ("--upstream", "10.0.0.5", "config.yaml:"),
        ("--issuer", "https://authenticatie-ti.vlaanderen.be/op", "this is the ACM of T&I"),
        ("--listen", "8000", "write an address to listen on"),
        ("--proxy", "proxy.example.be", "config.yaml:"),
    ],
)
def test_an_answer_that_cannot_be_used_writes_nothing(
    tmp_path: Path, option: str, value: str, words: str
) -> None:
    done = init(tmp_path, *ANSWERS, "--env", "prd", option, value, "--no-doctor")
    assert done.exit_code == 1, done.output
    assert words in done.output
    assert "NOTHING WAS WRITTEN" in done.output
    assert not content(tmp_path)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--client-id", "x: y"),
        ("--client-id", "*x"),
        ("--right", "NoContext"),
        ("--state", "var lib"),
        ("--env", "P-R"),
        ("--layout", "three"),
    ],
)
def test_arguments_that_would_break_the_file_are_refused(tmp_path: Path, option: str, value: str) -> None:
    done = init(tmp_path, *ANSWERS, option, value, "--no-doctor")
    assert done.exit_code == 2
    assert not content(tmp_path)


def test_it_asks_in_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.init._terminal", lambda: True)
    typed = "https://register.example.be\n5b0c3a52\nhttp://127.0.0.1:9\n\n"
    done = CliRunner().invoke(application(["init"]), ["init", str(tmp_path), "--no-doctor"], input=typed)
    assert done.exit_code == 0, done.output
    assert "The id of the client at ACM: " in done.output
    assert load(tmp_path / "config.yaml").environment("ti").provider.client_id == "5b0c3a52"
