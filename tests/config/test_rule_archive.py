"""The text of rules is kept by hash, bounded, and read back only as the gateway wrote it."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
import yaml

from gateway.config import load
from gateway.config import rule_archive as module
from gateway.config.rule_archive import NotArchived, RuleArchive
from gateway.observe.chain import ChainKey
from tests.gateways import RULES, settings, write_config
from tests.keys import SEAL


@pytest.fixture
def config(tmp_path: Path) -> Path:
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020",
    )  # fmt: skip
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "b.yaml").write_text(yaml.safe_dump({"rules": RULES[1:2]}))
    (tmp_path / "rules" / "a.yaml").write_text(yaml.safe_dump({"rules": RULES[:1]}))
    return write_config(tmp_path, {"ti": environment}, rules=[{"include": "rules/*.yaml"}, *RULES[2:]])


def test_rules_come_back_with_their_included_files(config: Path) -> None:
    kept, found = RuleArchive.beside(config.parent / "var" / "r.jsonl"), load(config)
    hash_ = found.rules["ti"].hash
    kept.put(hash_, kept.packed(hash_, config, found.files, SEAL))
    (config.parent / "rules" / "c.yaml").write_text("rules: nonsense")
    (config.parent / "rules" / "a.yaml").unlink()
    config.write_text("")
    again = kept.read(hash_, "ti", config, (SEAL,))
    assert again.rules["ti"].hash == hash_
    assert [rule.id for rule in again.rules["ti"].rules] == ["open", "own", "echo", "home"]


def test_what_the_gateway_did_not_write_is_not_read(config: Path) -> None:
    kept, found = RuleArchive.beside(config.parent / "r.jsonl"), load(config)
    hash_ = found.rules["ti"].hash
    with pytest.raises(NotArchived, match="is not kept"):
        kept.read(hash_, "ti", config, (SEAL,))
    kept.put(hash_, kept.packed(hash_, config, found.files, SEAL))
    (file,) = kept.folder.iterdir()
    with pytest.raises(NotArchived, match="was changed, or was sealed with a key that is gone"):
        kept.read(hash_, "ti", config, (ChainKey("x", b"another"),))
    seal, _, content = gzip.decompress(file.read_bytes()).partition(b"\n")
    file.write_bytes(gzip.compress(seal + b"\n" + content.replace(b"anyone", b"authenticated")))
    with pytest.raises(NotArchived, match="was changed"):
        kept.read(hash_, "ti", config, (SEAL,))
    file.write_bytes(b"x")
    with pytest.raises(NotArchived, match="cannot be read"):
        kept.read(hash_, "ti", config, (SEAL,))


def test_another_hash_is_not_passed_off_as_this_one(config: Path) -> None:
    kept, found = RuleArchive.beside(config.parent / "r.jsonl"), load(config)
    kept.put("f" * 64, kept.packed("f" * 64, config, found.files, SEAL))
    with pytest.raises(NotArchived, match="gives other rules today"):
        kept.read("f" * 64, "ti", config, (SEAL,))


def test_those_that_went_out_of_use_first_make_room(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_VERSIONS", 2)
    kept, found = RuleArchive.beside(config.parent / "r.jsonl"), load(config)
    for number in range(2):
        kept.put(str(number) * 64, kept.packed(str(number) * 64, config, found.files, SEAL))
        os.utime(kept.folder / f"{str(number) * 64}.json.gz", (number, number))
    kept.put("0" * 64, kept.packed("0" * 64, config, found.files, SEAL))
    kept.put("2" * 64, kept.packed("2" * 64, config, found.files, SEAL))
    assert sorted(each.name[0] for each in kept.folder.iterdir()) == ["0", "2"]
