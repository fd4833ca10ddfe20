"""`gateway render`, as operators use it: print, write, compare."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import application
from tests.render.place import FILES_OF, FRONTS, configuration

SITE = "--listen 127.0.0.1:18080"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration(tmp_path)
    monkeypatch.chdir(tmp_path)


def typed(line: str) -> Result:
    words = ["render", *line.split(), *([] if "--env" in line else ["--env", "ti"])]
    return CliRunner().invoke(application(words), words, catch_exceptions=False)


@pytest.mark.parametrize(("engine", "part"), FILES_OF)
def test_it_is_written_once_and_compared(engine: str, part: str) -> None:
    line = f"{engine} --part {part} {SITE}"
    printed = typed(line)
    assert printed.exit_code == 0
    file = Path("front.conf")
    first = typed(f"{line} --output front.conf")
    assert (first.exit_code, "was written" in first.stdout) == (0, True)
    assert file.read_text("utf-8") == printed.stdout
    # Fronts read it as a user of their own.
    assert file.stat().st_mode & 0o777 == 0o644
    assert "up to date" in typed(f"{line} --output front.conf").stdout
    same = typed(f"{line} --check front.conf")
    assert (same.exit_code, "says what" in same.stdout) == (0, True)


def test_what_somebody_edited_is_not_lost() -> None:
    file = Path("front.conf")
    typed(f"nginx {SITE} -o front.conf")
    edited = file.read_text().replace("server_tokens off;", "server_tokens on;")
    file.write_text(edited)
    refused = typed(f"nginx {SITE} -o front.conf")
    assert refused.exit_code == 1
    assert "was edited" in refused.stderr
    assert file.read_text() == edited
    checked = typed(f"nginx {SITE} --check front.conf")
    assert checked.exit_code == 1
    assert "-server_tokens off;\n+server_tokens on;" in checked.stdout
    assert re.search(r"front\.conf:\d+: not from config\.yaml: server_tokens on;", checked.stdout)
    file.chmod(0o640)
    forced = typed(f"nginx {SITE} -o front.conf --force")
    assert (forced.exit_code, "was replaced" in forced.stdout) == (0, True)
    assert "server_tokens off;" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640


def test_its_own_file_is_replaced_after_a_change(tmp_path: Path) -> None:
    typed(f"nginx {SITE} -o front.conf")
    configuration(tmp_path, edge={"max_body_bytes": 5_000_000, "trusted_proxies": ["127.0.0.1/32"]})
    report = typed(f"nginx {SITE} --check front.conf")
    assert report.exit_code == 1
    assert "missing: client_max_body_size 5000000;   (`edge:` of config.yaml)" in report.stdout
    assert "was replaced" in typed(f"nginx {SITE} -o front.conf").stdout
    assert typed(f"nginx {SITE} --check front.conf").exit_code == 0
    # but never that of another engine
    assert typed(f"envoy {SITE} -o front.conf").exit_code == 1


def test_a_file_that_cannot_be_read_is_a_clear_error() -> None:
    Path("octets").write_bytes(b"\xff\xfe\0")
    Path("folder").mkdir()
    for name, words in (
        ("nothing", "No such file"),
        ("folder", "it is not a file"),
        ("octets", "no text in UTF-8"),
    ):
        found = typed(f"nginx {SITE} --check {name}")
        assert found.exit_code == 1
        assert f"{name} can't be read: " in found.stderr
        assert words in found.stderr
    assert "can't be written" in typed(f"nginx {SITE} -o nothing/front.conf").stderr


def test_wrong_arguments(tmp_path: Path) -> None:
    assert typed("apache").exit_code == 2
    assert typed("nginx --env").exit_code == 2
    assert typed("nginx --force").exit_code == 2
    assert typed("nginx --part lua").exit_code == 1
    assert "has no part 'lua'" in typed("nginx --part lua").stderr
    configuration(tmp_path, fronts={"main": FRONTS["nginx"]})
    refused = typed("envoy")
    assert refused.exit_code == 1
    assert "no fronts with `dialect: envoy`" in refused.stderr
    assert typed("nginx --env prd").exit_code == 1
    assert typed("nginx --gateway a;b").exit_code == 1


def test_what_an_engine_cannot_do_is_said() -> None:
    found = typed(f"traefik {SITE}")
    assert found.exit_code == 0
    assert "note: Traefik has no limit for bodies" in found.stderr
    assert "note:" not in found.stdout
    assert "note:" not in typed(f"nginx {SITE}").stderr


def test_a_deployed_file_does_not_steer_the_terminal() -> None:
    typed(f"nginx {SITE} -o front.conf")
    with Path("front.conf").open("a") as file:
        file.write("\x1b]0;owned\x07;\n")
    found = typed(f"nginx {SITE} --check front.conf")
    assert found.exit_code == 1
    assert r"\x1b]0;owned\x07;" in found.stdout
    assert "\x1b" not in found.stdout


def test_what_is_no_file_is_not_replaced() -> None:
    Path("folder").mkdir()
    for where in ("folder", "a" * 300):
        refused = typed(f"nginx {SITE} -o {where} --force")
        assert (refused.exit_code, "can't be written" in refused.stderr) == (1, True)
    assert not Path("folder.new").exists()
