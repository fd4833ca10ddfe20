"""The environment that a command acts on, and how it is named."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
import typer

from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.config import load
from gateway.errors import StoreUnavailable
from gateway.session.sessions import Sessions
from gateway.session.sqlite import SqliteStore
from tests.files.closed import closed


def test_it_names_environment_store_and_files(config: Path) -> None:
    place = ChosenEnvironment.of(config, "ti")
    heading = f"environment ti, store sqlite:{config.parent}/var/ti.db, config {config}"
    assert place.heading() == heading
    assert place.heading(Path("/b.json")) == f"{heading}, file /b.json"


def test_an_environment_that_is_none_ends_the_command(config: Path) -> None:
    with pytest.raises(typer.Exit) as stopped:
        ChosenEnvironment.of(config, "prod")
    assert stopped.value.exit_code == 1


def test_nothing_is_recorded_where_no_gateway_records(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ChosenEnvironment.of(config, "ti").record([{"kind": "sessions"}])
    assert "make a note of this yourself" in capsys.readouterr().err
    assert not (config.parent / "var").exists()


def test_what_cannot_be_recorded_is_said_and_is_no_fault(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An operator in the group of the environment, who may read its keys and not the folder of its records."""
    place = ChosenEnvironment.of(config, "ti")
    closed(monkeypatch, config.parent / "var")
    place.record([{"kind": "block"}])
    said = capsys.readouterr().err
    assert "This is in force, but could not be recorded, so make a note of it yourself: cannot write" in said
    assert "Permission denied (as " in said


def _served(config: Path) -> None:
    async def serve() -> None:
        sessions = Sessions(
            load(config).environment("ti").session, environment="ti", secure=False, clock=time.time
        )
        await sessions.start()
        await sessions.board.serve()
        await sessions.aclose()

    asyncio.run(serve())


def test_a_store_that_fails_halfway_may_have_done_it(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ChosenEnvironment.of(config, "ti")
    _served(config)

    async def work(_: Sessions) -> None:
        raise StoreUnavailable("no answer in time")

    async def down(_: SqliteStore) -> None:
        raise StoreUnavailable("no answer in time")

    nothing = "NOTHING WAS CHANGED"
    for starts, only_reads, words in (
        (True, False, "IT MAY HAVE BEEN DONE"), (True, True, nothing), (False, False, nothing)
    ):  # fmt: skip
        if not starts:
            monkeypatch.setattr(SqliteStore, "start", down)
        with pytest.raises(typer.Exit) as stopped:
            place.with_store(work, only_reads=only_reads)
        assert stopped.value.exit_code == 1
        assert f"no answer in time. {words}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ahead", "words"), [(3_600.0, "3600 s ahead of"), (-3_600.0, "3600 s behind"), (1.0, "")]
)
def test_a_clock_that_is_wrong_is_said_where_orders_are_given(
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ahead: float,
    words: str,
) -> None:
    """A block for half an hour, ordered by a clock that is an hour behind, blocks nobody."""
    _served(config)

    async def there(_: SqliteStore) -> float:
        return time.time() - ahead

    async def work(_: Sessions) -> None:
        return None

    monkeypatch.setattr(SqliteStore, "time", there)
    ChosenEnvironment.of(config, "ti").with_store(work)
    assert (f"THE CLOCK OF THIS MACHINE IS {words}" in capsys.readouterr().err) == bool(words)


def test_moments_of_orders_are_those_of_the_store(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ChosenEnvironment.of(config, "ti")
    assert abs(place.now() - time.time()) < 60.0
    _served(config)

    async def there(_: SqliteStore) -> float:
        return 1_800_000_000.0

    async def down(_: SqliteStore) -> None:
        raise StoreUnavailable("no answer in time")

    monkeypatch.setattr(SqliteStore, "time", there)
    assert place.now() == 1_800_000_000.0
    monkeypatch.setattr(SqliteStore, "start", down)
    assert abs(place.now() - time.time()) < 60.0
    assert capsys.readouterr().err == ""
