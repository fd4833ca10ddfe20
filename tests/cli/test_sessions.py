"""`gateway sessions` against the stores that gateways use."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import application
from gateway.config import load
from gateway.errors import StoreUnavailable
from gateway.model import Identity, Organisation, Tokens
from gateway.observe.decision_record import person_names
from gateway.session.redis import RedisStore
from gateway.session.sessions import Sessions
from gateway.session.sqlite import SqliteStore
from tests.gateways import settings, write_config
from tests.redis_server import running_redis

ISSUER = "https://acm.test/op"
PEOPLE = (("anna", "0428315871"), ("anna", "OVO000099"), ("bert", "0428315871"))


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    def write(store: str) -> Path:
        environment = settings(
            tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="https://acm.test",
            upstream_url="http://localhost:8020", session={"store": store, "cache_ttl": "2s"},
        )  # fmt: skip
        return write_config(tmp_path, {"ti": environment})

    if request.param == "sqlite":
        yield write("sqlite:var/ti.db")
        return
    with tempfile.TemporaryDirectory(prefix="gw-redis-") as folder, running_redis(Path(folder)) as server:
        yield write(server.url)


def log_in(config: Path, *, served: bool = True) -> list[str]:
    """The tickets of three sessions, oldest first."""
    settings = load(config).environment("ti")

    async def work() -> list[str]:
        sessions = Sessions(
            settings.session, environment="ti", secure=False, clock=time.time,
            names=lambda: person_names(settings.ring("pseudonyms").read(), "ti"),
        )  # fmt: skip
        await sessions.start()
        if served:
            await sessions.board.serve()
        tickets = []
        for subject, organisation in PEOPLE:
            who = Identity(issuer=ISSUER, subject=subject, organisation=Organisation(organisation), acr="eid")
            tokens = Tokens("access-secret", "refresh-secret")
            tickets.append((await sessions.create(who, tokens, device="Firefox/Windows"))[1])
        await sessions.aclose()
        return tickets

    return asyncio.run(work())


def pseudonym(config: Path, subject: str) -> str:
    keys = load(config).environment("ti").ring("pseudonyms").read()
    return person_names(keys, "ti")(Identity(ISSUER, subject))[keys[0].id]


def command(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(application(arguments), arguments, input=typed)


def sessions(config: Path, *arguments: str, typed: str | None = None) -> tuple[int, Any, str]:
    done = command("sessions", *arguments, "--config", str(config), "--env", "ti", "--json", typed=typed)
    return done.exit_code, json.loads(done.stdout) if done.stdout else None, done.stderr


def ids(found: Any) -> list[str]:
    return [each["id"] for each in found["sessions"]]


def test_sessions_are_listed_with_who_and_nothing_that_opens_one(config: Path) -> None:
    tickets = log_in(config)
    _, everybody, _ = sessions(config, "list")
    first = everybody["sessions"][0]
    assert everybody["environment"] == "ti"
    assert everybody["config"] == str(config)
    assert everybody["store"] in (f"sqlite:{config.parent}/var/ti.db", everybody["store"])
    assert everybody["matched"] == 3
    assert {name: first[name] for name in ("person", "organisation", "means", "device")} == {
        "person": pseudonym(config, "anna"), "organisation": "0428315871", "means": "eid",
        "device": "Firefox/Windows",
    }  # fmt: skip
    assert first["since"].endswith((" CET", " CEST"))
    text = command("sessions", "list", "--config", str(config), "--env", "ti").stdout
    assert text.startswith("environment ti, store ")
    assert f"config {config}\n" in text
    assert f"{first['id']}  person {pseudonym(config, 'anna')}  organisation 0428315871  means eid" in text
    assert "last seen " in text
    assert text.endswith("3 sessions.\n")
    for secret in (*tickets, "anna", "access-secret", "refresh-secret"):
        assert secret not in text


def test_people_are_found_in_every_way(config: Path) -> None:
    log_in(config)
    everybody = ids(sessions(config, "list")[1])
    anna, bert = pseudonym(config, "anna"), pseudonym(config, "bert")
    ways: list[tuple[list[str], list[str]]] = [
        (["--subject", anna], everybody[:2]),
        (["--subject", anna[:8]], everybody[:2]),
        (["--id", everybody[1]], everybody[1:2]),
        (["--organisation", "0428.315.871", "--subject", bert[:6]], everybody[2:]),
        *((["--organisation", each], [everybody[0], everybody[2]])
          for each in ("0428315871", "0428.315.871", "BE0428315871", "be 0428.315.871", "428315871")),
        *((["--organisation", each], everybody[1:2]) for each in ("OVO000099", "ovo 000099", "OVO99")),
    ]  # fmt: skip
    for arguments, wanted in ways:
        code, found, _ = sessions(config, "list", *arguments)
        assert (code, ids(found)) == (0, wanted), arguments
    code, found, said = sessions(config, "list", "--sub", typed="anna\n")
    assert (code, ids(found)) == (0, everybody[:2])
    assert "anna" not in said
    code, shown, _ = sessions(config, "show", "--id", everybody[1])
    assert (code, ids(shown)) == (0, everybody[1:2])


def test_revoking_ends_what_it_says(config: Path) -> None:
    log_in(config)
    everybody = ids(sessions(config, "list")[1])
    code, done, _ = sessions(config, "revoke", "--subject", pseudonym(config, "bert"))
    assert (code, done["matched"], [each["id"] for each in done["ended"]]) == (0, 1, everybody[2:])
    done_too = command(
        "sessions", "revoke", "--organisation", "0428.315.871", "--config", str(config), "--env", "ti"
    )
    assert done_too.exit_code == 0
    assert f"ENDED {everybody[0]}  person {pseudonym(config, 'anna')}" in done_too.stdout
    assert "1 session ended; every worker knows within 2 seconds." in done_too.stdout
    assert "no gateway that runs reports to this session store" in done_too.stdout
    assert ids(sessions(config, "list")[1]) == everybody[1:2]


def test_a_store_that_fails_halfway_leaves_an_order_and_a_record_of_what_ended(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(config)
    everybody = ids(sessions(config, "list")[1])
    records = config.parent / "var/ti.jsonl"
    records.parent.mkdir(exist_ok=True)
    records.touch()
    for kind in (SqliteStore, RedisStore):
        _fail_after(monkeypatch, kind, answers=1)
    code, done, said = sessions(config, "revoke", "--organisation", "0428315871")
    assert (code, [each["id"] for each in done["ended"]]) == (1, everybody[:1])
    assert "1 session ended, and then: no answer in time. THESE MAY NOT BE ALL: do it again." in said
    (record,) = (json.loads(line) for line in records.read_text().splitlines() if '"revoked"' in line)
    assert record["sessions"] == everybody[:1]
    # The second ended without an answer: the order names both.
    assert orders(config) == {(everybody[0], everybody[2])}
    assert ids(sessions(config, "list")[1]) == everybody[1:2]
    _, _, said = sessions(config, "revoke", "--id", everybody[1])
    assert "IT MAY HAVE BEEN DONE: look before you try again." in said
    assert orders(config) == {(everybody[0], everybody[2]), (everybody[1],)}


def _fail_after(monkeypatch: pytest.MonkeyPatch, kind: Any, answers: int) -> None:
    """Ends that the store carries out, but answers only so often."""
    delete = kind.delete
    left = [answers]

    async def deleted(self: Any, key: bytes) -> bool:
        found = bool(await delete(self, key))
        left[0] -= 1
        if left[0] < 0:
            raise StoreUnavailable("no answer in time")
        return found

    monkeypatch.setattr(kind, "delete", deleted)


def orders(config: Path) -> set[tuple[str, ...]]:
    """The public ids of sessions in each order to forget them."""

    async def work() -> set[tuple[str, ...]]:
        settings = load(config).environment("ti")
        found = Sessions(settings.session, environment="ti", secure=False, clock=time.time)
        await found.start(sweep=False)
        content = [
            json.loads(found.board.read(*each).content) for each in (await found.board.orders()).items()
        ]
        await found.aclose()
        return {tuple(key for key in each if len(key) == 16) for each in content}

    return asyncio.run(work())


def test_whom_nobody_matches_is_said(config: Path) -> None:
    log_in(config)
    whom = (
        ["--subject", "A" * 22], ["--subject", "anna"], ["--organisation", "0777.000.187"], ["--id", "0" * 16],
        ["--organisation", "OVO000001"],
    )  # fmt: skip
    for arguments in whom:
        for action in ("revoke", "list"):
            code, found, said = sessions(config, action, *arguments)
            assert (code, found["matched"]) == (1, 0), arguments
            assert "nobody matched" in said
    assert len(ids(sessions(config, "list")[1])) == 3


def test_what_is_not_clear_ends_nobody(config: Path) -> None:
    log_in(config)
    wrong: tuple[tuple[list[str], str], ...] = (
        ([], "--subject"),
        (["--id", "zzz"], "is not the id of a session"),
        (["--subject", "een.sub@met.leestekens"], "For ACM's `sub` use --sub"),
        (["--organisation", "0428315872"], "check digits are wrong"),
        (["--organisation", "04283"], "has 5 digits"),
    )
    for arguments, words in wrong:
        code, _, said = sessions(config, "revoke", *arguments)
        assert code == 2
        assert words in said
    assert len(ids(sessions(config, "list")[1])) == 3


def test_nothing_has_an_environment_by_default(config: Path) -> None:
    log_in(config)
    for action in (["list"], ["show", "--id", "0" * 16], ["revoke", "--organisation", "0428315871"]):
        done = command("sessions", *action, "--config", str(config))
        assert done.exit_code == 2
        assert "--env" in done.stderr
    assert len(ids(sessions(config, "list")[1])) == 3


def test_a_wait_without_a_gateway_is_not_confirmed(config: Path) -> None:
    log_in(config)
    code, done, said = sessions(config, "revoke", "--organisation", "OVO000099", "--wait")
    assert (code, done["matched"], done["confirmed"]) == (3, 1, 0)
    assert "NOT CONFIRMED" in said


def test_sessions_under_an_earlier_key_are_found_too(config: Path) -> None:
    log_in(config)
    anna = pseudonym(config, "anna")
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
    for found in (
        sessions(config, "list", "--subject", anna)[1], sessions(config, "list", "--sub", typed="anna\n")[1],
    ):  # fmt: skip
        assert len(ids(found)) == 2


def test_what_cannot_be_reached_is_told(tmp_path: Path) -> None:
    for store, words in (
        ("memory:", "in the memory of the gateway"),
        (f"unix://{tmp_path}/none.sock", "none.sock"),
    ):
        environment = settings(
            tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
            upstream_url="http://localhost:8020", session={"store": store},
        )  # fmt: skip
        code, _, told = sessions(write_config(tmp_path, {"ti": environment}), "list")
        assert code == 1
        assert words in told


def test_beside_a_copied_configuration_nothing_is_made(config: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    log_in(config, served=False)
    copied = Path(shutil.copy(config, elsewhere))
    shutil.copytree(config.parent / "secrets", elsewhere / "secrets")
    code, _, told = sessions(copied, "revoke", "--organisation", "0428315871")
    assert code == 1
    assert "no gateway" in told
    assert "NOTHING WAS CHANGED" in told
    assert sorted(each.name for each in elsewhere.iterdir()) == ["config.yaml", "secrets"]


@pytest.mark.parametrize(
    ("content", "words"), [("", "no gateway has made this database"), ("x" * 2000, "not a database")]
)
def test_a_file_that_no_gateway_made_is_left_alone(tmp_path: Path, content: str, words: str) -> None:
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020",
    )  # fmt: skip
    path = tmp_path / "var/ti.db"
    path.parent.mkdir()
    path.write_text(content)
    code, _, told = sessions(write_config(tmp_path, {"ti": environment}), "list")
    assert code == 1
    assert words in told
    assert path.read_text() == content
    assert [each.name for each in path.parent.iterdir()] == ["ti.db"]
