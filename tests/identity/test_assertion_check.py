"""An assertion that comes back is believed for one minute, one environment and one register."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.identity.assertion_check import AssertionCheck, AssertionRefused
from gateway.identity.assertions import Assertions
from gateway.identity.settings import AssertionSettings
from gateway.model import Identity
from tests.keys import ec_key

pytestmark = pytest.mark.anyio
NOW = [1_795_000_000.0]
ISSUER, AUDIENCE = "https://gw.test", "https://register.test"
ANNA = Identity("op", "anna")


def _clock() -> float:
    return NOW[0]


async def _assertions(folder: Path, name: str = "ti") -> Assertions:
    (folder / f"{name}.pem").write_bytes(ec_key(name))
    (folder / f"{name}.pem").chmod(0o600)
    settings = AssertionSettings.model_validate({"key": f"file:{name}.pem"}, context={"folder": folder})
    found = Assertions(settings, environment="ti", issuer=ISSUER, audience=AUDIENCE, clock=_clock)
    await found.start()
    return found


@pytest.fixture
async def assertions(tmp_path: Path) -> AsyncIterator[Assertions]:
    found = await _assertions(tmp_path)
    yield found
    await found.aclose()


def _check(assertions: Assertions, environment: str = "ti") -> AssertionCheck:
    return AssertionCheck(assertions, environment=environment, issuer=ISSUER, clock=_clock)


async def test_what_was_signed_is_believed_until_it_expires(assertions: Assertions) -> None:
    check, token = _check(assertions), assertions.sign(ANNA, "s1", session="s1")
    for _ in range(2):
        claims = check(token, {AUDIENCE})
        assert (claims["sub"], claims["sid"]) == ("anna", "s1")
    NOW[0] += 61
    with pytest.raises(AssertionRefused, match="expired"):
        check(token, {AUDIENCE})


@pytest.mark.parametrize("audiences", [set(), {"https://other.test"}])
async def test_for_another_register_it_says_nothing(assertions: Assertions, audiences: set[str]) -> None:
    token = assertions.sign(ANNA, "s2", session="s2")
    with pytest.raises(AssertionRefused, match="audience"):
        _check(assertions)(token, audiences)


async def test_another_environment_or_key_is_not_ours(assertions: Assertions, tmp_path: Path) -> None:
    token = assertions.sign(ANNA, "s3", session="s3")
    with pytest.raises(AssertionRefused, match="environment"):
        _check(assertions, "prd")(token, {AUDIENCE})
    check = _check(assertions)
    check(token, {AUDIENCE})
    other = await _assertions(tmp_path, "other")
    with pytest.raises(AssertionRefused, match="key"):
        check(other.sign(ANNA, "s3", session="s3"), {AUDIENCE})
    await assertions.aclose()
    with pytest.raises(AssertionRefused, match="key"):
        check(token, {AUDIENCE})


@pytest.mark.parametrize("token", ["", "a.b.c", "e30.e30.e30", "W10.e30.x", "x" * 70_000, "\u00e9.a.b"])
async def test_what_is_no_assertion_is_refused(assertions: Assertions, token: str) -> None:
    with pytest.raises(AssertionRefused):
        _check(assertions)(token, {AUDIENCE})
