"""`gateway block` while a key for pseudonyms is replaced: every gateway must know the person."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from typer.testing import CliRunner

from gateway.cli import application
from gateway.config import load
from gateway.config.key_files import rotate_key
from gateway.fleet.members import TOPIC
from gateway.model import Identity
from gateway.observe.decision_record import person_names
from gateway.session.sessions import Sessions


def run(config: Path, *arguments: str, exit_code: int = 0) -> str:
    done = CliRunner().invoke(application(arguments), [*arguments, "--env", "ti", "--config", str(config)])
    assert done.exit_code == exit_code, done.output
    return done.output


def log_in(config: Path, subject: str, *lacking: str) -> dict[str, str]:
    """Somebody's pseudonyms by key; a gateway without the keys that are `lacking` runs."""
    settings = load(config).environment("ti")
    keys = settings.ring("pseudonyms").read()
    whole = person_names(keys, "ti")
    has = {key.id: 0.0 for key in keys if key.id not in lacking}
    said = json.dumps({"host": "h", "pid": 1, "accepts": {"pseudonyms": has}, "uses": {}}).encode()

    async def work() -> None:
        sessions = Sessions(
            settings.session, environment="ti", secure=False, clock=time.time, names=lambda: whole
        )
        await sessions.start(sweep=False)
        await sessions.board.serve()
        await sessions.store.put_entry(TOPIC, "other", said, until=time.time() + 60)
        await sessions.create(Identity("https://acm/op", subject))
        await sessions.aclose()

    asyncio.run(work())
    return dict(whole(Identity("https://acm/op", subject)))


def blocks(config: Path) -> list[tuple[str, list[str]]]:
    listed = json.loads(run(config, "block", "list", "--json"))["blocks"]
    return [(each["value"], each["keys"]) for each in listed]


def test_a_person_is_blocked_under_a_key_that_every_gateway_has(config: Path) -> None:
    (old,) = load(config).environment("ti").ring("pseudonyms").read()
    before = log_in(config, "anna")[old.id]
    new = rotate_key(load(config).environment("ti"), "pseudonyms", time.time())
    names = log_in(config, "anna", new.id)
    assert names[old.id] == before
    # Two sessions, one from before the new key: one person all the same.
    run(config, "block", "add", "--subject", before[:8], "--reason", "r")
    assert blocks(config) == [(before, [old.id])]
    log_in(config, "anna")
    assert "ALREADY BLOCKED" in run(config, "block", "add", "--subject", names[new.id], "--reason", "r")
    block = json.loads(run(config, "block", "list", "--json"))["blocks"][0]["id"]
    assert f"is needed for the block {block}" in run(config, "keys", "drop", old.id, exit_code=1)
    # What is under a key that is gone keeps nobody out: the next block is another one.
    run(config, "keys", "drop", old.id, "--force")
    assert "BLOCKED in ti: person" in run(config, "block", "add", "--subject", names[new.id], "--reason", "r")
    assert blocks(config)[1:] == [(names[new.id], [new.id])]
