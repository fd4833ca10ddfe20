"""The keys of the assertion in PEM files: one or several, newest first, announced before one of them signs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from gateway.config.key_files import new_assertion_key
from gateway.identity.assertion_keys import keys_in, read_keys
from gateway.identity.assertions import Assertions
from gateway.identity.settings import AssertionSettings
from gateway.model import Identity
from gateway.settings import Secret
from tests.keys import ec_key

pytestmark = pytest.mark.anyio


def secret(folder: Path, name: str, content: bytes) -> Secret:
    path = folder / name
    path.write_bytes(content)
    path.chmod(0o600)
    return Secret(f"file:{name}", folder)


def test_one_key_or_several_newest_first(tmp_path: Path) -> None:
    one = keys_in(secret(tmp_path, "a.pem", ec_key("a")))
    assert len(one) == 1
    assert one[0].since == (tmp_path / "a.pem").stat().st_ctime
    newest = new_assertion_key(None, 4_000_000_000.0)
    several = keys_in(secret(tmp_path, "b.pem", newest + new_assertion_key(None, 1_000.0) + ec_key("a")))
    assert [key.since for key in several] == [4_000_000_000.0, 1_000.0, 0.0]
    assert several[2].kid == one[0].kid


def test_only_private_keys_that_are_not_for_later_sign(tmp_path: Path) -> None:
    key, following, earlier = (
        secret(tmp_path, f"{name}.pem", new_assertion_key(None, 0.0)) for name in ("now", "next", "earlier")
    )
    found = read_keys(AssertionSettings(key=key, next_key=following, previous=(earlier, key)))
    assert [each.can_sign for each in found] == [True, True, False]
    assert len({each.kid for each in found}) == 3


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"a\.pem"):
        keys_in(secret(tmp_path, "a.pem", content))


async def test_a_new_key_is_published_before_it_signs(tmp_path: Path) -> None:
    now = [2_000_000_000.0]
    content = new_assertion_key(None, now[0]) + new_assertion_key(None, 0.0)
    settings = AssertionSettings(key=secret(tmp_path, "a.pem", content), announce=600.0)
    assertions = Assertions(
        settings, environment="ti", issuer="http://g", audience="http://u", clock=lambda: now[0]
    )
    new, old = (key.kid for key in await asyncio.to_thread(keys_in, settings.key))
    await assertions.start()
    assert [key["kid"] for key in assertions.jwks()["keys"]] == [old, new]
    before = assertions.sign(Identity("https://acm/op", "zoe"), "s")
    now[0] += 600
    await assertions.start()
    assert [key["kid"] for key in assertions.jwks()["keys"]] == [new, old]
    assert assertions.sign(Identity("https://acm/op", "zoe"), "s") != before


def test_a_key_from_outside_has_no_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TGP_ASSERTION", ec_key("a").decode())
    assert keys_in(Secret("env:TGP_ASSERTION", tmp_path))[0].since == 0.0
