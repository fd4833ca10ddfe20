"""Codes, PKCE and the tokens that they are traded for."""

from __future__ import annotations

import re

import httpx2
import pytest

from simulator.acm.state import AcmState
from tests.simulator.acm.conftest import MakeParty, opened
from tests.simulator.acm.relying_party import Clock, RelyingParty


def test_the_answer_of_the_token_endpoint(acm: AcmState, web: RelyingParty, clock: Clock) -> None:
    answer = web.redeem(web.code())
    body = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert set(body) == {"access_token", "token_type", "expires_in", "id_token", "scope"}
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", body["access_token"])
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    assert body["scope"] == "profile vo ovam"
    header, claims = opened(acm, body["id_token"])
    assert header == {"alg": "RS256", "kid": claims["kid"]}
    assert claims["iss"] == acm.issuer
    assert claims["aud"] == claims["azp"] == web.client.client_id
    assert claims["iat"] == int(clock())
    assert claims["exp"] == claims["iat"] + 3600
    assert claims["nonce"] == "the nonce"
    assert "at_hash" in claims
    assert not {"acr", "auth_time", "amr", "rrn", "phone_number"} & set(claims)


SCOPES = {
    "openid": {"sub"},
    "openid profile": {"sub", "given_name", "family_name"},
    "openid rrn": {"sub", "rrn"},
    "openid phone": {"sub", "phone_number"},
    "openid ovam": {"sub", "ovam_rol_3d"},
    "openid vo": {
        "sub", "vo_id", "vo_doelgroepcode", "vo_doelgroepnaam", "vo_orgcode", "vo_orgnaam", "vo_email",
    },
}  # fmt: skip
PROTOCOL = {"iss", "aud", "azp", "iat", "exp", "cot", "kid", "nonce", "at_hash"}


@pytest.mark.parametrize("scope", SCOPES)
def test_claims_come_only_for_granted_scopes(acm: AcmState, web: RelyingParty, scope: str) -> None:
    body = web.redeem(web.code(scope=scope)).json()
    _, claims = opened(acm, body["id_token"])
    assert set(claims) - PROTOCOL == SCOPES[scope]
    assert set(web.userinfo(body["access_token"]).json()) == SCOPES[scope]


def test_the_values_of_the_claims(acm: AcmState, web: RelyingParty) -> None:
    _, claims = opened(acm, web.redeem(web.code()).json()["id_token"])
    assert claims["vo_doelgroepcode"] == "EA"
    assert claims["vo_orgcode"] == "0456789034"
    assert claims["vo_email"] == "inge.dewaele@peeters.example"
    assert claims["ovam_rol_3d"] == ["OVAMGebruiker-NonConformiteitenIndiener:0456789034"]


def test_without_openid_there_is_no_id_token(web: RelyingParty) -> None:
    body = web.redeem(web.code(scope="profile vo")).json()
    assert "id_token" not in body
    assert body["scope"] == "profile vo"


def test_a_right_that_is_not_there_is_no_claim(acm: AcmState, web: RelyingParty) -> None:
    _, claims = opened(acm, web.redeem(web.code("zonder-recht")).json()["id_token"])
    assert "ovam_rol_3d" not in claims


def test_a_code_works_once(web: RelyingParty) -> None:
    code = web.code()
    assert web.redeem(code).status_code == 200
    again = web.redeem(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(("seconds", "status"), [(29, 200), (30, 400), (31, 400)])
def test_a_code_works_for_thirty_seconds(web: RelyingParty, clock: Clock, seconds: int, status: int) -> None:
    code = web.code()
    clock.now += seconds
    assert web.redeem(code).status_code == status


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "unknown"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"redirect_uri": "http://localhost:9999/other"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
    ],
    ids=str,
)
def test_a_wrong_token_request_is_refused(
    web: RelyingParty, changes: dict[str, str | None], error: str
) -> None:
    code = web.code()
    answer = web.redeem(**({"code": code} | changes))  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    if changes.get("code", code) == code and "grant_type" not in changes:
        assert web.redeem(code).json()["error"] == "invalid_grant"  # what failed once, is gone


def test_a_code_of_another_client_is_refused(web: RelyingParty, party: MakeParty) -> None:
    other = party("zonder-pkce")
    answer = other.redeem(web.code(), code_verifier=web.verifier)
    assert answer.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge": "short"},
        {"code_challenge_method": "S512"},
    ],
    ids=str,
)
def test_a_request_without_right_pkce_is_refused(web: RelyingParty, changes: dict[str, str | None]) -> None:
    assert web.returned(web.authorize(**changes))["error"] == "invalid_request"


def test_plain_pkce_is_known_too(web: RelyingParty) -> None:
    code = web.code(code_challenge=web.verifier, code_challenge_method="plain")
    assert web.redeem(code).status_code == 200


def test_pkce_is_enforced_where_it_is_optional_but_was_begun(party: MakeParty) -> None:
    client = party("zonder-pkce")
    assert client.redeem(client.code(), code_verifier=None).status_code == 400
    without = {"code_challenge": None, "code_challenge_method": None}
    assert client.redeem(client.code(**without), code_verifier=None).status_code == 200
    assert client.redeem(client.code(**without)).status_code == 400


def test_an_access_token_lives_for_an_hour(web: RelyingParty, clock: Clock) -> None:
    token = web.redeem(web.code()).json()["access_token"]
    clock.now += 3599
    assert web.userinfo(token).status_code == 200
    clock.now += 1
    expired = web.userinfo(token)
    assert expired.status_code == 401
    assert expired.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert web.userinfo("unknown").status_code == 401
    assert httpx2.get(f"{web.issuer}/v1/userinfo", trust_env=False).status_code == 401
