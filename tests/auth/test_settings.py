"""Settings of the provider that contradict themselves or cannot work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.auth.settings import MachineSettings, ProviderSettings

USUAL = {
    "issuer": "https://op.test",
    "client_id": "gw",
    "client_auth": {"method": "private_key_jwt", "key": "file:a.pem"},
}
ISSUER = {"issuer": "https://op.test", "audience": "api"}


def provider(**changes: Any) -> ProviderSettings:
    return ProviderSettings.model_validate(USUAL | changes, context={"folder": Path()})


@pytest.mark.parametrize("issuer", ["http://localhost:8010/op", "http://127.0.0.1/op", "https://op.test/op"])
def test_issuers(issuer: str) -> None:
    assert provider(issuer=issuer).issuer == issuer


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"issuer": "http://op.test"}, "over https"),
        ({"issuer": "https://op.test?x=1"}, "exactly as the provider states it"),
        ({"issuer": "op.test"}, "exactly as the provider states it"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"scopes": ["profile"]}, "`openid` must be among the scopes"),
        ({"acr_values": ["urn:x"], "minimum_level": 25}, "not both"),
        ({"acr_values": ["urn x"]}, "acr_values"),
        ({"minimum_level": 36}, "no authentication method reaches level 36"),
        ({"client_auth": {"method": "none"}}, "client_auth"),
        ({"authorization_parameters": {"state": "x"}}, "state is what the gateway itself sends"),
        ({"authorization_parameters": {"NONCE": "x"}}, "NONCE is what"),
        ({"authorization_parameters": {"redirect_uri": "https://x.test"}}, "redirect_uri is what"),
        ({"authorization_parameters": {"code_challenge_method": "plain"}}, "code_challenge_method is what"),
        ({"authorization_parameters": {"acr_values": "urn:x"}}, "provider.acr_values"),
        ({"authorization_parameters": {"max_age": "5"}}, "provider.max_age"),
        ({"authorization_parameters": {"prompt": "login none"}}, "nobody can log in"),
        ({"authorization_parameters": {"a b": "x"}}, "pattern"),
        ({"authorization_parameters": {"display": ""}}, "pattern"),
        ({"authorization_parameters": {"display": "a\nb"}}, "pattern"),
        ({"authorization_parameters": {"display": 5}}, "string"),
    ],
)
def test_what_cannot_work_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        provider(**changes)


def test_accepted_methods() -> None:
    assert provider().accepted_methods == ()
    assert provider(acr_values=["urn:x"]).accepted_methods == ("urn:x",)
    levels = {"urn:weak": 1, "urn:strong": 30, "urn:stronger": 31}
    assert provider(levels=levels, minimum_level=30).accepted_methods == ("urn:stronger", "urn:strong")


@pytest.mark.parametrize(
    ("content", "problem"),
    [({}, "give introspection, issuers or both"), ({"issuers": [ISSUER, ISSUER]}, "listed twice")],
)
def test_machines_that_cannot_be_known(content: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        MachineSettings.model_validate(content)
