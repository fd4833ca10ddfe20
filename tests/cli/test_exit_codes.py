"""Every command ends with each of the exit codes that its help names, and prints the JSON that it describes.

A command without rows here, or with a code that none of its rows shows, fails.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner, Result

from gateway import cli
from gateway.blocks.block_list import change
from gateway.cli import application, commands
from gateway.cli.command_help import COMMON, Command
from gateway.config import load
from tests.cli import test_records, test_replay, test_sessions, test_status
from tests.forked import ROOT
from tests.gateways import settings, write_config

SECTIONS = {" ".join(path[1:]): command.sections for path, command in commands()}
ALL: list[Command] = [command for _, command in commands()]
ANSWERS = "--public-url https://r.example.be --client-id c --upstream http://127.0.0.1:9 --right ''"


class Row(NamedTuple):
    """A line that is typed in the folder of `place`, and the code that it ends with."""

    command: str
    code: int
    line: str
    before: Callable[[], object] = lambda: None


def log_in() -> None:
    """A gateway has used the store, and people are logged in."""
    test_sessions.log_in(Path("config.yaml").resolve())
    change(load(Path("config.yaml")).blocks_file("ti"), "ti", lambda found: found)


def run() -> None:
    test_status.report(Path("config.yaml").resolve(), a=test_status.ALIKE)


def spoil_key() -> None:
    Path("secrets/ti/session.key").write_bytes(b"short")


def block() -> None:
    log_in()
    assert typed("block add --env ti --organisation 0428315871 --reason r").exit_code == 0


def maintain() -> None:
    log_in()
    assert typed("maintenance start --env ti --until 1h").exit_code == 0


def a_file(name: str) -> Callable[[], object]:
    return lambda: Path(name).write_text("")


ROWS = [
    Row("init", 0, f"new {ANSWERS} --no-doctor"),
    Row("init", 1, f". {ANSWERS} --no-doctor"),
    Row("init", 3, f"new --issuer http://localhost:9/op {ANSWERS}"),
    Row("serve", 1, "--env ti --config bad.yaml"),
    Row("serve", 1, "--env xx"),
    Row("restart", 2, "1"),
    Row("doctor", 1, "--env ti"),
    Row("doctor", 1, "--env ti --json"),
    Row("doctor", 1, "--env xx"),
    Row("render", 1, "nginx --env ti"),
    Row("render", 2, "nginx --env ti --output a --check b"),
    Row("config validate", 0, "config.yaml"),
    Row("config validate", 0, "config.yaml --json"),
    Row("config validate", 1, "bad.yaml"),
    Row("config validate", 1, "bad.yaml --json"),
    Row("config validate", 1, "--strict config.yaml --json"),
    Row("config lint", 0, "config.yaml --json"),
    Row("config lint", 1, "--strict config.yaml"),
    Row("config lint", 1, "bad.yaml"),
    Row("config lint", 2, "config.yaml --records nothing"),
    Row("config show", 0, "config.yaml --env ti --json"),
    Row("config show", 1, "config.yaml --env xx"),
    Row("config card", 0, "--env ti"),
    Row("config card", 1, "--env ti --forget ti@nowhere", log_in),
    Row("config schema", 0, "config.yaml"),
    Row("config schema", 1, "nothing.yaml"),
    Row("config reference", 0, "config.yaml"),
    Row("config reference", 1, "nothing.yaml"),
    Row("policy explain", 0, "GET /echo/a --json"),
    Row("policy explain", 1, "GET /a%00b"),
    Row("policy explain", 1, "GET / --config bad.yaml"),
    Row("policy explain", 2, "GET / --as nobody-known"),
    Row("policy test", 0, "--json"),
    Row("policy test", 2, "--junit nothing/report.xml"),
    Row("policy test", 3, "--config bad.yaml"),
    Row("policy test", 3, "--env xx"),
    Row("policy test", 4, "--config failing.yaml"),
    Row("policy test", 4, "--config failing.yaml --json"),
    Row("policy diff", 0, "config.yaml config.yaml"),
    Row("policy diff", 1, "config.yaml other.yaml --json"),
    Row("policy diff", 2, "config.yaml"),
    Row("policy diff", 3, "config.yaml bad.yaml"),
    Row("policy diff", 3, "config.yaml nothing.yaml"),
    Row("policy replay", 0, "records.jsonl --json"),
    Row("policy replay", 1, "records.jsonl --config other.yaml --json"),
    Row("policy replay", 2, "nothing.jsonl"),
    Row("policy replay", 3, "records.jsonl --config bad.yaml"),
    Row("policy shadow-report", 0, "records.jsonl --json"),
    Row("policy shadow-report", 2, "nothing.jsonl"),
    Row("keys generate", 0, "--env ti"),
    Row("keys generate", 1, "--env ti", lambda: (Path("secrets").rename("kept"), a_file("secrets")())),
    Row("keys generate", 1, "--env xx"),
    Row("keys list", 0, "--env ti --json"),
    Row("keys list", 1, "--env ti", spoil_key),
    Row("keys rotate", 0, "all --env ti"),
    Row("keys rotate", 1, "sessions --env ti", lambda: Path("secrets/ti/session.key").unlink()),
    Row("keys drop", 1, "0123456789ab --env ti"),
    Row("status", 0, "--env ti --json", run),
    Row("status", 1, "--env ti"),
    Row("sessions list", 0, "--env ti --json", log_in),
    Row("sessions list", 1, "--env ti --organisation OVO000001", log_in),
    Row("sessions list", 1, "--env ti"),
    Row("sessions show", 1, "--env ti --id 0123456789abcdef --json", log_in),
    Row("sessions revoke", 0, "--env ti --organisation 0428315871 --json", log_in),
    Row("sessions revoke", 1, "--env ti --organisation OVO000001", log_in),
    Row("sessions revoke", 3, "--env ti --organisation 0428315871 --wait --timeout 1", log_in),
    Row("block add", 0, "--env ti --organisation 0428315871 --reason r", log_in),
    Row("block add", 1, "--env ti --organisation 0428315871 --reason r"),
    Row("block add", 3, "--env ti --organisation 0428315871 --reason r --wait --timeout 1", log_in),
    Row("block list", 0, "--env ti --json", block),
    Row("block list", 1, "--env ti"),
    Row("block remove", 1, "b-00000000 --env ti", log_in),
    Row("emergency list", 0, "--env ti --json", log_in),
    Row("emergency list", 1, "--env ti"),
    Row("emergency confirm", 1, "none --env ti", log_in),
    Row("emergency close", 1, "none --env ti", log_in),
    Row("maintenance start", 0, "--env ti --until 1h", log_in),
    Row("maintenance start", 1, "--env ti --until 1h"),
    Row("maintenance start", 3, "--env ti --until 1h --wait --timeout 1", log_in),
    Row("maintenance end", 0, "--env ti", maintain),
    Row("maintenance end", 1, "--env ti", log_in),
    Row("maintenance end", 3, "--env ti --wait --timeout 1", maintain),
    Row("maintenance list", 0, "--env ti --json", maintain),
    Row("maintenance list", 1, "--env ti"),
    Row("records verify", 0, "chain.jsonl --json"),
    Row("records verify", 1, "cut.jsonl"),
    Row("records verify", 2, "nothing.jsonl"),
    Row("records show", 0, "chain.jsonl --json"),
    Row("records show", 1, "chain.jsonl --rule nothing"),
    Row("records show", 2, "nothing.jsonl"),
    Row("explain", 1, "0000-0000 --records chain.jsonl"),
    Row("explain", 2, "0000-0000 --records nothing.jsonl"),
    Row("completion", 0, "bash"),
    Row("version", 0, "--json"),
]
EMERGENCY = (
    ("open", 0),
    ("open", 1),
    ("confirm", 0),
    ("confirm", 3),
    ("close", 0),
    ("close", 3),
    ("code", 0),
)
# Codes that need more than one command, and the test that shows them.
ELSEWHERE = {
    ("serve", 0): "tests/cli/test_serve.py::test_several_workers_share_listeners_sessions_metrics_and_fronts",
    ("restart", 0): "tests/cli/test_restart.py::test_0_the_successor_serves",
    ("restart", 1): "tests/cli/test_restart.py::test_1_the_old_one_serves_on",
    ("restart", 3): "tests/cli/test_restart.py::test_3_nobody_says_how_it_ended",
    ("doctor", 0): "tests/cli/test_doctor.py",
    ("render", 0): "tests/cli/test_render.py::test_it_is_written_once_and_compared",
    ("policy shadow-report", 1): "tests/cli/test_shadow.py::test_what_candidate_rules_would_change_is_told_and_never_enforced",
    ("config promote", 0): "tests/cli/test_promote.py",
    ("config promote", 1): "tests/cli/test_promote.py",
    ("config promote", 4): "tests/cli/test_promote.py",
    ("explain", 0): "tests/cli/test_explain_record.py",
    ("keys drop", 0): "tests/cli/test_keys.py::test_keys_are_rotated_listed_and_dropped_without_a_change_of_the_configuration",
    ("keys use", 0): "tests/cli/test_client_keys.py",
    ("keys use", 1): "tests/cli/test_client_keys.py",
    ("sessions show", 0): "tests/cli/test_sessions.py",
    **{(f"emergency {name}", code): "tests/cli/test_emergency.py" for name, code in EMERGENCY},
    ("block remove", 0): "tests/cli/test_block.py::test_removing_says_what_still_blocks",
    ("block remove", 3): "tests/cli/test_block.py::test_without_a_gateway_a_wait_is_not_confirmed",
}  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a configuration, others like it, and decision records."""
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:9",
        upstream_url="http://localhost:9",
    )  # fmt: skip
    config = write_config(tmp_path, {"ti": environment})
    text = config.read_text()
    (tmp_path / "bad.yaml").write_text(text.replace("client_id", "clientid"))
    (tmp_path / "failing.yaml").write_text(f"{text}tests:\n- {{request: GET /nowhere, expect: allow}}\n")
    (tmp_path / "other.yaml").write_text(text.replace("/organisaties/", "/elsewhere/"))
    (tmp_path / "records.jsonl").write_bytes(b"".join(test_replay.written(load(config))))
    chain = test_records.written("c")
    test_records.put(tmp_path, "chain.jsonl", chain)
    test_records.put(tmp_path, "cut.jsonl", [*chain[:2], *chain[3:]])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(line: str) -> Result:
    return CliRunner().invoke(application(shlex.split(line)), shlex.split(line))


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("row", ROWS, ids=[f"{row.command} {row.code}: {row.line}"[:70] for row in ROWS])
def test_a_command_ends_as_its_help_says(row: Row) -> None:
    row.before()
    done = typed(f"{row.command} {row.line}")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    assert done.exit_code == row.code, done.output
    assert row.code in SECTIONS[row.command].exit_codes
    assert done.output
    if "--json" in row.line:
        documented(row.command, done.stdout)


def documented(command: str, printed: str) -> None:
    """Standard output is JSON, and nothing else, with keys that the help names."""
    words = SECTIONS[command].json
    if words.startswith("One record"):
        assert all(isinstance(json.loads(line), dict) for line in printed.splitlines())
        return
    data = json.loads(printed)
    names = set(re.findall(r"`([a-z_]+)`", words))
    if words.startswith("A list"):
        assert isinstance(data, list)
        assert all(set(each) <= names for each in data)
        return
    assert isinstance(data, dict)
    for each in data.values() if words.startswith("An object by environment") else (data,):
        assert set(each) <= names


@pytest.mark.parametrize("command", SECTIONS)
def test_every_documented_code_is_shown_by_a_test(command: str) -> None:
    meanings = SECTIONS[command].exit_codes
    wanted = {code for code, words in meanings.items() if (code, words) != (2, COMMON[2])}
    shown = {row.code for row in ROWS if row.command == command}
    for (name, code), where in ELSEWHERE.items():
        file, _, test = where.partition("::")
        if name == command and f"def {test}" in (ROOT / file).read_text("utf-8"):
            shown.add(code)
    assert wanted <= shown
    if SECTIONS[command].json:
        elsewhere = ELSEWHERE.get((command, 0))
        printed = any(row.command == command and "--json" in row.line for row in ROWS)
        assert printed or (elsewhere and "--json" in (ROOT / elsewhere).read_text("utf-8")), (
            "a row with --json"
        )


@pytest.mark.parametrize("command", SECTIONS)
def test_wrong_arguments_are_2_everywhere(command: str) -> None:
    done = typed(f"{command} --no-such-option")
    assert done.exit_code == 2
    assert "No such option: --no-such-option" in done.output
    assert not done.stdout


def test_a_command_that_crashes_has_a_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gateway import cli

    def broken(arguments: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(cli, "application", broken)
    monkeypatch.setattr(cli, "use_sturdy_output", lambda: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 70
    assert "This is a fault of the gateway" in capsys.readouterr().err


def test_no_command_that_changes_something_has_a_default_environment() -> None:
    """Of those with --env, only what reads may have one."""
    reads = {
        "explain",
        "records show",
        "records verify",
        "config show",
        "doctor",
        "policy explain",
        "policy replay",
        "policy test",
        "policy diff",
        "init",
    }
    for path, command in commands():
        option = next((each for each in command.params if each.name == "env"), None)
        if option is not None and not option.required:
            assert " ".join(path[1:]) in reads, path


def test_ctrl_c_while_a_command_begins_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "application", interrupted)
    monkeypatch.setattr(cli, "use_sturdy_output", lambda: None)
    monkeypatch.setattr("sys.argv", ["gateway", "status", "--env", "ti"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "")
