"""New keys beside those in use, in files that are replaced as a whole."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from gateway.config import EnvironmentSettings, load
from gateway.config.key_files import (
    drop_assertion,
    drop_key,
    file_of,
    new_key,
    new_pem_key,
    rotate_assertion,
    rotate_key,
)
from gateway.identity.assertion_keys import keys_in
from gateway.key_files.keyring import Key, write_key_file
from tests.gateways import settings, write_config


def environment(folder: Path, **changes: Any) -> EnvironmentSettings:
    found = settings(
        folder, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020", **changes,
    )  # fmt: skip
    return load(write_config(folder, {"ti": found})).environment("ti")


def test_a_new_key_for_one_purpose_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    found = environment(tmp_path)
    before = {purpose: found.ring(purpose).octets() for purpose in ("sessions", "flows", "pseudonyms")}
    path = file_of(found, "sessions")
    path.chmod(0o640)
    made = rotate_key(found, "sessions", 1_000.5)
    assert found.ring("sessions").octets() == (made.octets, *before["sessions"])
    assert found.ring("sessions").read()[0].created == 1_000.0
    assert found.ring("flows").octets() == before["flows"]
    assert found.ring("pseudonyms").octets() == before["pseudonyms"]
    rotate_key(found, "flows", 2_000.0)
    assert len(found.ring("flows").octets()) == 2
    assert len(found.ring("sessions").octets()) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_file_for_one_purpose_gets_only_its_keys(tmp_path: Path) -> None:
    own = tmp_path / "p.key"
    own.write_bytes(b"p" * 32)
    own.chmod(0o600)
    found = environment(tmp_path, keys={"pseudonyms": {"key": "file:p.key"}})
    rotate_key(found, "pseudonyms", 0.0)
    assert [line.split()[0] for line in own.read_text().splitlines() if line[0] != "#"] == ["pseudonyms"] * 2
    assert file_of(found, "sessions").read_bytes() == b"ti-session-key-" * 4
    rotate_key(found, "sessions", 0.0)
    assert b"pseudonyms" not in file_of(found, "sessions").read_bytes()


def test_a_key_is_dropped_unless_it_is_the_only_one(tmp_path: Path) -> None:
    found = environment(tmp_path)
    (old,) = found.ring("flows").read()
    made = rotate_key(found, "flows", 0.0)
    drop_key(found, old)
    assert found.ring("flows").read() == (made,)
    with pytest.raises(ValueError, match="the only key for flows"):
        drop_key(found, made)
    with pytest.raises(ValueError, match="does not have the key"):
        drop_key(found, Key("flows", b"x" * 32))


def test_a_key_of_the_assertion_comes_and_goes(tmp_path: Path) -> None:
    found = environment(tmp_path)
    (old,) = keys_in(found.assertion.key)
    made = rotate_assertion(found, 4_000_000_000.0)
    assert [key.kid for key in keys_in(found.assertion.key)] == [made.kid, old.kid]
    assert made.since == 4_000_000_000.0
    drop_assertion(found, old.kid)
    assert [key.kid for key in keys_in(found.assertion.key)] == [made.kid]
    with pytest.raises(ValueError, match="is the only key"):
        drop_assertion(found, made.kid)


def test_no_command_takes_the_name_of_a_new_key_for_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    names = iter(["-" + "a" * 42, "-" + "b" * 42, "c" * 43])
    monkeypatch.setattr(ECKey, "thumbprint", lambda _: next(names))
    assert new_pem_key(1.0).written()
    assert list(names) == []


def test_what_is_no_file_or_damaged_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TGP_KEY", "x" * 32)
    with pytest.raises(ValueError, match="env:TGP_KEY is no file"):
        rotate_key(environment(tmp_path, session={"key": "env:TGP_KEY"}), "sessions", 0.0)
    found = environment(tmp_path)
    path = file_of(found, "sessions")
    damaged = write_key_file([new_key("sessions", 0.0)]) + b"flows\n"
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match="write PURPOSE CREATED KEY"):
        rotate_key(found, "sessions", 0.0)
    assert path.read_bytes() == damaged
    path.unlink()
    with pytest.raises(ValueError, match=r"cannot change .*No such file"):
        rotate_key(found, "sessions", 0.0)
