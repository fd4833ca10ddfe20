"""Reading tokens of several transmitters; what is refused, over HTTP: tests/endpoints/test_signals.py."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gateway.auth.signal_settings import SignalsSettings
from gateway.auth.tokens import TokenRefused
from gateway.auth.transmitters import Transmitters
from gateway.errors import ProviderUnavailable
from tests.auth.scripted_transmitter import AUDIENCE, CAEP, ScriptedTransmitter, scripted_transmitter

REVOKED = f"{CAEP}session-revoked"
ABOUT = {"format": "opaque", "id": "s1"}


def made(*transmitters: dict[str, Any]) -> Transmitters:
    settings = SignalsSettings.model_validate({"transmitters": transmitters})
    return Transmitters(settings, "https://acm.test/op", clock=time.time, steady=time.monotonic)


async def read(known: Transmitters, token: str) -> Any:
    await known.start()
    try:
        return await known.read(token, None)
    finally:
        await known.aclose()


async def test_keys_at_an_address_of_their_own() -> None:
    with scripted_transmitter() as sender:
        keys = f"{sender.issuer.rpartition('/')[0]}/jwks"
        found = await read(
            made({"issuer": sender.issuer, "audience": AUDIENCE, "jwks_uri": keys}),
            sender.token(time.time(), REVOKED, ABOUT, jti="j1"),
        )
        assert (found.transmitter, found.id) == (sender.issuer, "j1")
        assert [each.event for each in found.signals] == ["session-revoked"]
        assert sender.asked == ["/jwks"]


@pytest.mark.parametrize(
    "stated", [{"issuer": "https://other.test"}, {"jwks_uri": None}, {"jwks_uri": "https://other.test/jwks"}]
)
async def test_metadata_of_another_transmitter(stated: dict[str, Any]) -> None:
    with scripted_transmitter() as sender:
        sender.metadata = stated
        with pytest.raises(ProviderUnavailable):
            await read(
                made({"issuer": sender.issuer, "audience": AUDIENCE}),
                sender.token(time.time(), REVOKED, ABOUT),
            )


async def test_one_transmitter_cannot_speak_for_another() -> None:
    with scripted_transmitter() as one, scripted_transmitter() as two:
        two.keys = ["t9"]
        known = made(*({"issuer": each.issuer, "audience": AUDIENCE} for each in (one, two)))
        forged = ScriptedTransmitter(two.issuer).token(time.time(), REVOKED, ABOUT)
        with pytest.raises(TokenRefused, match="key-unknown"):
            await read(known, forged)
