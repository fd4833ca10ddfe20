"""`gateway config card`, and what commands do with the cards of other environments."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import application
from gateway.config import load
from gateway.config.card import card_of, read_card, signed_card
from gateway.fleet.neighbours import CARDS, card_name, conflicts
from gateway.session.board import Board
from gateway.session.sqlite import SqliteStore
from tests.config.test_card import environment


def run(*arguments: str) -> Result:
    return CliRunner().invoke(application(arguments), list(arguments))


def test_a_card_is_printed_and_compared(tmp_path: Path) -> None:
    environment(tmp_path / "ti", "ti")
    environment(tmp_path / "prd", "prd", provider={"client_id": "gateway-under-test-ti"})
    done = run("config", "card", "--env", "ti", "--config", str(tmp_path / "ti" / "config.yaml"))
    assert done.exit_code == 0
    assert read_card(done.stdout).environment == "ti"
    (tmp_path / "ti.json").write_text(done.stdout)
    prd = str(tmp_path / "prd" / "config.yaml")
    shared = run("config", "validate", prd, "--against", str(tmp_path / "ti.json"))
    assert shared.exit_code == 1
    assert "environments 'prd' and 'ti' share: client gateway-under-test-ti" in shared.output
    own = run(
        "config", "validate", str(tmp_path / "ti" / "config.yaml"), "--against", str(tmp_path / "ti.json")
    )
    assert own.exit_code == 0


def test_a_card_needs_the_key_of_the_assertion(tmp_path: Path) -> None:
    environment(tmp_path / "ti", "ti")
    (tmp_path / "ti" / "secrets" / "ti" / "assertion.pem").unlink()
    done = run("config", "card", "--env", "ti", "--config", str(tmp_path / "ti" / "config.yaml"))
    assert done.exit_code == 1
    assert "assertion.pem" in done.output


async def _meet(path: Path, card: str, *, served: bool = True) -> None:
    store = SqliteStore(path)
    await store.start()
    await store.put_entry(CARDS, "ti@elsewhere", card.encode(), until=time.time() + 60)
    if served:
        await Board(store, lambda: None, time.time).serve()  # type: ignore[arg-type, return-value]
    await store.aclose()


def test_doctor_finds_a_card_in_the_store_and_it_can_be_forgotten(tmp_path: Path) -> None:
    ti = environment(tmp_path / "ti", "ti")
    environment(tmp_path / "prd", "prd")
    store, config = tmp_path / "prd" / "var" / "prd.db", str(tmp_path / "prd" / "config.yaml")
    store.parent.mkdir()
    asyncio.run(_meet(store, signed_card(card_of("ti", ti, time.time()), ti)))
    found = run("doctor", "--env", "prd", "--config", config)
    assert "environments 'prd' and 'ti' share: session store" in " ".join(found.output.split())
    forget = ("config", "card", "--env", "prd", "--config", config, "--forget")
    assert run(*forget, "ti@other").exit_code == 1
    assert run(*forget, "ti@elsewhere").exit_code == 0
    found = run("doctor", "--env", "prd", "--config", config)
    assert "nothing is shared: no card of another one is here" in found.output


def test_a_card_keeps_nobody_from_a_first_start(tmp_path: Path) -> None:
    """No gateway has used the store yet, because each was refused: the command that the refusal names works then."""
    ti = environment(tmp_path / "ti", "ti")
    prd = environment(tmp_path / "prd", "prd")
    store, config = tmp_path / "prd" / "var" / "prd.db", str(tmp_path / "prd" / "config.yaml")
    store.parent.mkdir()
    card = card_of("ti", ti, time.time())
    asyncio.run(_meet(store, signed_card(card, ti), served=False))
    (said,) = conflicts(card_of("prd", prd, time.time()), (), [("ti@elsewhere", card)]).values()
    assert "`gateway config card --env prd --forget ti@elsewhere`" in said
    done = run("config", "card", "--env", "prd", "--forget", "ti@elsewhere", "--config", config)
    assert done.exit_code == 0
    assert "FORGOTTEN: the card of ti@elsewhere in the session store" in done.output


def test_a_card_whose_removal_was_sent_again_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ti, _ = environment(tmp_path / "ti", "ti"), environment(tmp_path / "prd", "prd")
    asyncio.run(_meet(tmp_path / "prd" / "var" / "prd.db", signed_card(card_of("ti", ti, time.time()), ti)))
    once = SqliteStore.drop_entry

    async def twice(store: SqliteStore, topic: str, name: str) -> bool:
        await once(store, topic, name)
        return await once(store, topic, name)

    monkeypatch.setattr(SqliteStore, "drop_entry", twice)
    config = str(tmp_path / "prd" / "config.yaml")
    done = run("config", "card", "--env", "prd", "--forget", "ti@elsewhere", "--config", config)
    assert (done.exit_code, "FORGOTTEN" in done.output) == (0, True)


def test_the_card_in_the_folder_is_forgotten_too(tmp_path: Path) -> None:
    ti = environment(tmp_path / "ti", "ti")
    prd = environment(tmp_path / "prd", "prd", provider={"client_id": "gateway-under-test-ti"})
    config, card = str(tmp_path / "prd" / "config.yaml"), card_of("ti", ti, time.time())
    folder = load(Path(config)).blocks_file("prd").parent
    folder.mkdir(exist_ok=True)
    kept = folder / "ti.card.json"
    kept.write_text(signed_card(card, ti))
    asyncio.run(_meet(tmp_path / "prd" / "var" / "prd.db", signed_card(card, ti)))
    (said,) = conflicts(card_of("prd", prd, time.time()), [(str(kept), card)]).values()
    name = card_name(card)
    assert said.endswith(
        f"{kept}; if it is on this machine no more, `gateway config card --env prd --forget {name}`)"
    )
    forget = ("config", "card", "--env", "prd", "--config", config, "--forget")
    assert run(*forget, "ti@elsewhere").exit_code == 0
    assert kept.exists(), "that is another machine's"
    done = run(*forget, name)
    assert done.exit_code == 0
    assert f"FORGOTTEN: the card of {name} in {kept}" in done.output
    assert not kept.exists()
    assert run(*forget, name).exit_code == 1
