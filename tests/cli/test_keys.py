"""`gateway keys ...`, run as an operator runs it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import re
import resource
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from gateway.blocks.block_list import BLOCKS, Block
from gateway.cli import application
from gateway.config import load
from gateway.fleet.order_copy import OrderCopy
from gateway.key_files.keyring import PURPOSES
from gateway.session.board import LastingOrder
from gateway.session.sessions import Sessions
from tests.gateways import settings, write_config
from tests.processes import command


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


def run(config: Path, *arguments: str, exit_code: int = 0) -> str:
    done = CliRunner().invoke(
        application(["keys"]), ["keys", *arguments, "--env", "ti", "--config", str(config)]
    )  # fmt: skip
    assert done.exit_code == exit_code, done.output
    return done.output


def test_a_new_environment_has_a_key_of_its_own_for_each_purpose(config: Path) -> None:
    (config.parent / "secrets/ti/session.key").unlink()
    run(config, "generate")
    settings = load(config).environment("ti")
    keys = [settings.ring(purpose).octets() for purpose in PURPOSES]
    assert len({key for each in keys for key in each}) == len(PURPOSES)


@contextlib.contextmanager
def no_room() -> Iterator[None]:
    """Nothing can be written to a file, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_no_half_key(config: Path) -> None:
    folder = config.parent / "secrets/ti"
    for path in folder.iterdir():
        path.unlink()
    with no_room():
        said = run(config, "generate", exit_code=1)
    assert re.fullmatch(rf"cannot write {folder}/client\.pem: .*\n", said)
    assert not list(folder.iterdir())
    run(config, "generate")
    (folder / "client.pem").write_bytes(b"")
    assert f"{folder}/client.pem is empty: put the key back there" in run(config, "generate", exit_code=1)


def test_public_halves_that_cannot_be_written_are_told(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(config, "generate")
    published, key = config.parent / "secrets/ti/client.jwks.json", config.parent / "secrets/ti/client.pem"
    before, earlier = published.read_bytes(), key.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("gateway.cli.client_keys.replace_file", full)
        said = run(config, "rotate", "client", exit_code=1)
    assert f"cannot write {published}: No space left on device. The keys in {key} are as you wanted" in said
    assert (published.read_bytes(), key.read_bytes() != earlier) == (before, True)
    assert "made" in run(config, "generate")
    assert len(json.loads(published.read_bytes())["keys"]) == 2


def test_programs_that_ask_the_decision_point_get_a_token(config: Path) -> None:
    document = yaml.safe_load(config.read_text())
    caller = {"bearer": ["file:secrets/ti/register.token", "file:secrets/ti/next.token"]}
    document["environments"]["ti"]["authzen"] = {
        "listen": "127.0.0.1:8002", "url": "http://localhost:8002", "callers": {"register": caller},
    }  # fmt: skip
    config.write_text(yaml.safe_dump(document))
    run(config, "generate")
    token = config.parent / "secrets/ti/register.token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    made = token.read_text()
    assert len(made.strip()) == 64
    assert not (token.parent / "next.token").exists()
    run(config, "generate")
    assert token.read_text() == made


def test_keys_are_rotated_listed_and_dropped_without_a_change_of_the_configuration(config: Path) -> None:
    text = config.read_text()
    before = json.loads(run(config, "list", "--json"))
    assert [(row["purpose"], row["state"]) for row in before] == [
        ("sessions", "used"), ("flows", "used"), ("pseudonyms", "used"), ("records", "used"),
        ("assertion", "used"), ("client", "used"),
    ]  # fmt: skip
    said = run(config, "rotate", "flows", "assertion")
    assert re.search(r"made  [0-9a-f]{12} for flows in ti, in .*session\.key", said)
    assert "The assertion is signed with it 10 minutes later" in said
    assert "Nothing to copy: the session store is on this machine" in said
    listed = run(config, "list")
    assert listed.count("flows ") == 2
    assert "in use; no gateway runs" in listed
    assert "needed until" in listed
    old = next(row["id"] for row in before if row["purpose"] == "flows")
    assert f"{old} is needed until" in run(config, "drop", old, exit_code=1)
    assert f"dropped  {old} for flows in ti" in run(config, "drop", old, "--force")
    assert "there is no key" in run(config, "drop", old, exit_code=1)
    run(config, "rotate", "all")
    assert config.read_text() == text
    secrets = (path.read_text() for path in (config.parent / "secrets/ti").iterdir())
    assert not any(word in listed + said for text in secrets for word in text.split() if len(word) > 30)


@pytest.mark.parametrize("copied", [True, False])
def test_a_leaked_key_is_dropped_while_no_gateway_runs_and_blocks_are_sealed_with_it(
    config: Path, copied: bool
) -> None:
    """As the runbook says, in the order of the list: what it sealed must not hold up the rest."""
    found = load(config)
    settings, block = found.environment("ti"), Block("b-1", "organisation", "0777000187", "r", "anna", 1.0)
    before = {purpose: settings.ring(purpose).read()[0].id for purpose in ("sessions", "flows")}

    async def work() -> LastingOrder:
        sessions = Sessions(settings.session, environment="ti", secure=False, clock=time.time)
        await sessions.start(sweep=False)
        made = await sessions.board.change("blocks", lambda _: BLOCKS.text([block], "ti"))
        await sessions.aclose()
        return made

    made = asyncio.run(work())
    if copied:
        OrderCopy(found.blocks_copy("ti")).keep(made)
    run(config, "rotate", "sessions", "flows")
    assert f"dropped  {before['sessions']}" in run(config, "drop", before["sessions"], "--force")
    assert f"dropped  {before['flows']}" in run(config, "drop", before["flows"], "--force")
    listed = run(config, "list", exit_code=0 if copied else 1)
    assert ("sessions" in listed) == copied
    assert ("cannot be opened" in listed) != copied


def test_an_unknown_purpose_changes_nothing(config: Path) -> None:
    path = config.parent / "secrets/ti/session.key"
    before = path.read_bytes()
    said = run(config, "rotate", "flows", "cookies", exit_code=2)
    assert (
        "there are no keys for 'cookies': write sessions, flows, pseudonyms, records, assertion, client or all"
        in said
    )
    assert path.read_bytes() == before
    path.write_bytes(b"short")
    assert "NOTHING WAS CHANGED" in run(config, "rotate", "flows", exit_code=1)
