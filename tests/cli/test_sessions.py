"""`gateway sessions` against the stores that gateways use."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import application
from gateway.config import load
from gateway.model import Identity, Organisation, Tokens
from gateway.session.sessions import Sessions
from tests.gateways import settings, write_config
from tests.redis_server import running_redis

PEOPLE = (("anna", "0428315871"), ("anna", "OVO000099"), ("bert", "0428315871"))


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    def write(store: str) -> Path:
        environment = settings(
            tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
            upstream_url="http://localhost:8020", session={"store": store, "cache_ttl": "2s"},
        )  # fmt: skip
        return write_config(tmp_path, {"ti": environment})

    if request.param == "sqlite":
        yield write("sqlite:var/ti.db")
        return
    with tempfile.TemporaryDirectory(prefix="gw-redis-") as folder, running_redis(Path(folder)) as server:
        yield write(server.url)


def log_in(config: Path) -> list[str]:
    """The tickets of three sessions, oldest first."""

    async def work() -> list[str]:
        sessions = Sessions(
            load(config).environment("ti").session, environment="ti", secure=False, clock=time.time
        )
        await sessions.start()
        tickets = []
        for subject, organisation in PEOPLE:
            who = Identity(
                issuer="https://acm.test/op", subject=subject, organisation=Organisation(organisation)
            )
            tickets.append((await sessions.create(who, Tokens("access-secret", "refresh-secret")))[1])
        await sessions.aclose()
        return tickets

    return asyncio.run(work())


def command(*arguments: str) -> Result:
    return CliRunner().invoke(application(), arguments)


def sessions(config: Path, *arguments: str) -> tuple[int, Any, str]:
    done = command("sessions", *arguments, "--config", str(config), "--env", "ti", "--json")
    return done.exit_code, json.loads(done.stdout) if done.stdout else None, done.stderr


def test_sessions_are_listed_shown_and_ended(config: Path) -> None:
    tickets = log_in(config)
    _, everybody, _ = sessions(config, "list")
    assert len(everybody) == 3
    assert set(everybody[0]) == {"id", "created_at", "seen_at", "expires_at"}
    _, annas, _ = sessions(config, "list", "--subject", "anna")
    assert [each["id"] for each in annas] == [each["id"] for each in everybody[:2]]
    _, all_of, _ = sessions(config, "list", "--organisation", "0428315871", "--subject", "bert")
    assert [each["id"] for each in all_of] == [everybody[2]["id"]]
    code, shown, _ = sessions(config, "show", "--id", everybody[1]["id"])
    assert (code, shown) == (0, [everybody[1]])
    assert sessions(config, "show", "--id", "0" * 16)[0] == 1

    text = command("sessions", "list", "--config", str(config)).stdout
    assert everybody[0]["id"] in text
    assert text.endswith("3 sessions.\n")
    for secret in (*tickets, "anna", "0428315871", "access-secret", "refresh-secret"):
        assert secret not in text

    assert sessions(config, "revoke", "--id", everybody[1]["id"])[1] == {
        "ended": [everybody[1]["id"]],
        "seen_within_seconds": 2.0,
    }
    done = command("sessions", "revoke", "--organisation", "0428315871", "--config", str(config))
    assert done.stdout.endswith("2 sessions ended; every gateway sees this within 2 s.\n")
    assert sessions(config, "list")[1] == []


def test_revoking_everybody_by_mistake_is_refused(config: Path) -> None:
    log_in(config)
    code, _, words = sessions(config, "revoke")
    assert code == 2
    assert "--subject" in words
    assert len(sessions(config, "list")[1]) == 3


def test_sessions_under_an_earlier_key_are_found_too(config: Path) -> None:
    log_in(config)
    key = config.parent / "secrets/ti/session.key"
    key.rename(key.with_name("old.key"))
    key.write_bytes(b"another key of this environment " * 2)
    key.chmod(0o600)
    config.write_text(
        config.read_text().replace(
            "key: file:secrets/ti/session.key",
            "key: file:secrets/ti/session.key\n      previous_keys: ['file:secrets/ti/old.key']",
        )
    )
    assert len(sessions(config, "list", "--subject", "anna")[1]) == 2


def test_what_cannot_be_reached_is_told(tmp_path: Path) -> None:
    for store, words in (("memory:", "own process"), (f"unix://{tmp_path}/none.sock", "none.sock")):
        environment = settings(
            tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
            upstream_url="http://localhost:8020", session={"store": store},
        )  # fmt: skip
        code, _, told = sessions(write_config(tmp_path, {"ti": environment}), "list")
        assert code == 1
        assert words in told
