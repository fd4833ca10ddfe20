"""The settings of a file that does not load: as they are written, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import ConfigError, load
from gateway.config.settings_alone import settings_alone
from tests.forked import ROOT

SOUND = (ROOT / "config.yaml").read_text("utf-8")
KEY = "      client_id: 5b0c3a52-6f0e-4f0a-9d53-0f5a1c7be001\n"


def broken(folder: Path, old: str, new: str) -> Path:
    assert old in SOUND
    (folder / "plugins").symlink_to(ROOT / "plugins")
    file = folder / "config.yaml"
    file.write_text(SOUND.replace(old, new, 1))
    with pytest.raises(ConfigError):
        load(file)
    return file


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- organisation: {equals:", "- organisatie: {equals:"),
        ("    right: OVAMGebruiker\n", ""),
        ("expect: allow", "expect: alow"),
        ("    doelgroep: EA\n", "    doelgroep: EA\n    foo: 1\n"),
        ("    X-Auth-Name: name\n", "    X-Auth-Name: nam\n"),
        ("rules:\n", "plugins: [./nowhere]\n\nrules:\n"),
    ],
)
def test_faults_elsewhere_leave_the_settings_as_they_are(tmp_path: Path, old: str, new: str) -> None:
    found = settings_alone(broken(tmp_path, old, new), "prd")
    assert found is not None
    sound = tmp_path / "sound.yaml"
    sound.write_text(SOUND)
    assert found.environments == load(sound).environments
    assert (found.rules, found.policies) == ({}, {})
    assert settings_alone(found.path, None) is not None
    assert settings_alone(found.path, "other") is None


def test_faults_of_another_environment(tmp_path: Path) -> None:
    file = broken(tmp_path, KEY, "")
    assert settings_alone(file, "ti") is None
    assert settings_alone(file, None) is None
    found = settings_alone(file, "prd")
    assert found is not None
    assert found.environment("prd").provider.issuer == "http://localhost:8110/op"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1\n", "version: 2\n"),
        ("version: 1\n", "version: 1\nversion: 1\n"),
        ("store: sqlite:var/prd.db", "stoor: sqlite:var/prd.db"),
        ("environments:\n", "enviroments:\n"),
        ("rules:\n", "rules: [\n"),
        # By these a command would act on the sessions or the keys of the other environment.
        ("store: sqlite:var/prd.db", "store: sqlite:var/ti.db"),
        (
            "client_id: 5b0c3a52-6f0e-4f0a-9d53-0f5a1c7be001",
            "client_id: 5b0c3a52-6f0e-4f0a-9d53-0f5a1c7be002",
        ),
    ],
)
def test_settings_that_would_be_a_guess(tmp_path: Path, old: str, new: str) -> None:
    assert settings_alone(broken(tmp_path, old, new), "prd") is None


def test_an_exception_from_maintenance_for_a_right_that_is_not_there(tmp_path: Path) -> None:
    listen = "listen: 127.0.0.1:8100"
    assert (
        settings_alone(broken(tmp_path, listen, f"{listen}\n    maintenance: {{except: [nobody]}}"), "prd")
        is None
    )


def test_files_that_are_no_configuration(tmp_path: Path) -> None:
    for name, text in (("list.yaml", "- 1\n"), ("empty.yaml", ""), ("nothing.yaml", None)):
        if text is not None:
            (tmp_path / name).write_text(text)
        assert settings_alone(tmp_path / name, "prd") is None
