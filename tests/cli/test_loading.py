"""What a command that needs a configuration makes of one that can't be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from gateway.cli import application, commands
from gateway.cli.loading import OTHER_FILE, load_or_exit, load_settings_or_exit
from gateway.config import ConfigError
from tests.files.closed import closed
from tests.processes import command


def test_every_problem_ends_the_command_with_its_code(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(load_or_exit(config, "ti").rules) == {"ti"}
    config.write_text(
        config.read_text().replace("authenticated", "autenticated").replace("listen", "lisen", 1)
    )
    for code in (1, 2):
        with pytest.raises(typer.Exit) as ended:
            load_or_exit(config, code=code)
        assert ended.value.exit_code == code
        said = capsys.readouterr().err
        assert "did you mean 'authenticated'" in said
        assert said.rstrip().endswith("problems. Nothing was started or changed.")


def test_an_environment_that_is_not_there(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        load_or_exit(config, "prd")
    assert "prd" in capsys.readouterr().err


def test_rules_that_fail_their_tests_are_only_refused_where_asked(config: Path) -> None:
    config.write_text(config.read_text() + "tests:\n  - {request: GET /public/x, expect: deny}\n")
    load_or_exit(config, "ti")
    with pytest.raises(typer.Exit):
        load_or_exit(config, "ti", tested=True)
    assert issubclass(ConfigError, Exception)


POLICY = """
{first}
from gateway.plugin import Allow, Policy

class Mine(Policy, name="mine"):
    def decide(self, facts):
        {decide}
        return Allow()
"""


def with_plugin(config: Path, first: str = "", decide: str = "pass") -> Path:
    (config.parent / "mine").mkdir(exist_ok=True)
    file = config.parent / "mine/mine.py"
    file.write_text(POLICY.format(first=first, decide=decide))
    written = yaml.safe_load(config.read_text())
    if "tests" not in written:
        written |= {"plugins": ["./mine"], "tests": [{"request": "GET /", "expect": "deny"}]}
        written["rules"].insert(0, {"id": "mine", "match": {"path": "/"}, "require": ["mine"]})
        config.write_text(yaml.safe_dump(written))
    return file


@pytest.mark.parametrize(
    ("ends", "arguments", "code"),
    [
        ("import os; os._exit(0)", ("config", "show"), 1),
        ("import os; os._exit(0)", ("config", "lint"), 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", ("config", "schema"), 1),
        ("raise SystemExit(0)", ("doctor", "--env", "ti", "--config"), 1),
        ("import os; os._exit(0)", ("policy", "test", "--config"), 3),
    ],
)
def test_a_plugin_that_ends_the_process_is_named(
    config: Path, ends: str, arguments: tuple[str, ...], code: int
) -> None:
    file = with_plugin(config, ends)
    found = command(*arguments, str(config))
    assert found.returncode == code, found.stdout + found.stderr
    assert str(file) in found.stderr
    assert "Nothing was started or changed" in found.stderr


def test_a_policy_that_ends_the_process_only_when_it_decides_passes_no_tests(config: Path) -> None:
    file = with_plugin(config, decide="import os; os._exit(0)")
    found = command("policy", "test", "--config", str(config))
    assert (found.returncode, found.stdout) == (3, "")
    assert "ended by itself (exit code 0)" in found.stderr
    file.write_text(POLICY.format(first="", decide="raise SystemExit(0)"))
    assert "raised SystemExit: 0" in command("policy", "test", "--config", str(config)).stderr


@pytest.mark.parametrize(
    "arguments", [("config", "show"), ("policy", "test", "--config"), ("doctor", "--config")]
)
def test_a_file_that_is_nested_too_deep_is_refused(config: Path, arguments: tuple[str, ...]) -> None:
    config.write_text("rules: " + "[" * 100_000)
    found = command(*arguments, str(config))
    assert found.returncode in (1, 3)
    assert "nested deeper than 50 levels" in found.stderr


def test_a_file_that_may_not_be_read_is_told_like_any_other_fault(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the option itself does not refuse it, with an exit code that means wrong arguments."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    closed(monkeypatch, config)
    done = CliRunner().invoke(application(["policy"]), ["policy", "test", "--config", str(config)])
    assert done.exit_code == 3
    assert f"{config}:1:1: cannot read it: Permission denied (as " in done.output
    for path, known in commands():
        for each in known.params:
            about = each.type_descriptor
            if "Path" in str(about.annotation):
                assert not about.parameter_info.readable, (path, each.name)


def test_settings_do_where_only_rules_have_faults(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Orders to gateways that run, while somebody has broken the file that they were started with."""
    sound = config.read_text()
    assert set(load_settings_or_exit(config, "ti").rules) == {"ti"}
    config.write_text(sound.replace("authenticated", "autenticated"))
    found = load_settings_or_exit(config, "ti")
    assert (found.environments["ti"].public_url, found.rules) == ("http://localhost:8000", {})
    said = capsys.readouterr().err
    assert "did you mean 'authenticated'" in said
    assert f"{config} does not load. This command goes by the settings of ti, which have no fault." in said
    for broken, name in (
        (sound.replace("store:", "stoor:", 1), "ti"),
        (f"{sound}\n\t", "ti"),
        (sound, "prd"),
    ):
        config.write_text(broken)
        with pytest.raises(typer.Exit) as ended:
            load_settings_or_exit(config, name, code=2)
        assert ended.value.exit_code == 2
        assert capsys.readouterr().err.rstrip().endswith(f"Nothing was started or changed.\n{OTHER_FILE}")


def test_a_plugin_that_ends_the_process_keeps_no_order_from_gateways(config: Path) -> None:
    with_plugin(config, "raise SystemExit(0)")
    for words in (("generate",), ("rotate", "sessions")):
        found = command("keys", *words, "--env", "ti", "--config", str(config))
        assert found.returncode == 0, found.stderr
        assert "This command goes by the settings of ti" in found.stderr
