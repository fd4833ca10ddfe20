"""Tokens for APIs: client credentials, token exchange, and what introspection tells of them."""

from __future__ import annotations

import httpx2
import pytest

from simulator.acm.state import AcmState
from simulator.faults.catalogue import RIGHT_REVOKED
from tests.simulator.acm.conftest import MakeParty, opened
from tests.simulator.acm.relying_party import Clock, RelyingParty

ACCESS = "urn:ietf:params:oauth:token-type:access_token"
REFRESH = "urn:ietf:params:oauth:token-type:refresh_token"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


@pytest.fixture
def machine(party: MakeParty) -> RelyingParty:
    return party("machine")


@pytest.fixture
def api(party: MakeParty) -> RelyingParty:
    return party("api")


@pytest.fixture
def portal(party: MakeParty) -> RelyingParty:
    return party("portaal")


def introspect(client: RelyingParty, token: str, **more: str) -> dict[str, object]:
    answer = client.call("introspect", token=token, **more)
    assert answer.status_code == 200
    found: dict[str, object] = answer.json()
    return found


@pytest.mark.parametrize("target", [{"audience": "api"}, {"resource": "https://api.example/v1"}])
def test_a_machine_gets_a_token_for_an_api(
    acm: AcmState, machine: RelyingParty, api: RelyingParty, clock: Clock, target: dict[str, str]
) -> None:
    answer = machine.token(grant_type="client_credentials", **target)
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert body["scope"] == "ncr_indienen"
    about = introspect(api, body["access_token"], token_endpoint_auth="credential_manager")
    signed = str(about.pop("jwt"))
    now = int(clock())
    assert about == {
        "active": True, "aud": "api", "client_id": "machine", "sub": "machine", "iss": acm.issuer,
        "iat": now, "exp": now + 3600, "scope": "ncr_indienen", "token_type": "bearer",
        "vo_applicatienaam": "Koppeling", "vo_orgcode": "0456789034",
        "vo_orgnaam": "Containerdienst Peeters nv", "setbyapi_niveau": "2",
    }  # fmt: skip
    header, content = opened(acm, signed)
    assert content == about
    assert header["typ"] == "JWT"
    assert machine.userinfo(body["access_token"]).status_code == 401


def test_without_a_target_the_token_is_for_the_machine_itself(
    machine: RelyingParty, api: RelyingParty
) -> None:
    token = machine.token(grant_type="client_credentials").json()["access_token"]
    assert introspect(machine, token)["aud"] == "machine"
    assert introspect(api, token) == {"active": False}


def test_a_scope_releases_the_attributes_of_the_client(machine: RelyingParty) -> None:
    answer = machine.token(grant_type="client_credentials", scope="ncr_indienen claims_setbyclient")
    assert introspect(machine, answer.json()["access_token"])["setbyclient_software"] == "Weegbrug"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"audience": "unknown"}, "invalid_target"),
        ({"resource": "https://api.example/v1/"}, "invalid_target"),
        ({"audience": "api", "resource": "https://api.example/v1"}, "invalid_request"),
        ({"scope": "ncr_indienen beheer"}, "invalid_scope"),
    ],
)
def test_a_wrong_request_of_a_machine_is_refused(
    machine: RelyingParty, form: dict[str, str], error: str
) -> None:
    answer = machine.token(grant_type="client_credentials", **form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_machine_must_prove_itself_and_have_a_scope(machine: RelyingParty, portal: RelyingParty) -> None:
    assert machine.token(how="none", grant_type="client_credentials", client_id="machine").json()[
        "error"
    ] == "invalid_client"  # fmt: skip
    assert portal.token(grant_type="client_credentials").json()["error"] == "invalid_scope"


def test_introspection_tells_strangers_nothing(
    machine: RelyingParty, api: RelyingParty, clock: Clock
) -> None:
    token = machine.token(grant_type="client_credentials", audience="api").json()["access_token"]
    assert introspect(machine, token) == {"active": False}
    assert introspect(api, "unknown") == {"active": False}
    assert api.call("introspect").json()["error"] == "invalid_request"
    nobody = httpx2.post(f"{api.issuer}/v1/introspect", data={"token": token}, trust_env=False)
    assert nobody.status_code == 401
    assert nobody.json()["error"] == "invalid_client"
    assert introspect(api, token)["active"] is True
    clock.now += 3600
    assert introspect(api, token) == {"active": False}


def test_a_client_may_introspect_with_a_signed_statement(party: MakeParty, machine: RelyingParty) -> None:
    keyed = party("6f1d0000-0000-4000-8000-000000000002")
    token = machine.token(grant_type="client_credentials", audience=keyed.client.client_id).json()
    assert introspect(keyed, token["access_token"])["vo_orgcode"] == "0456789034"
    assert introspect(keyed, token["access_token"])["active"] is True


# Token exchange


def exchange(portal: RelyingParty, token: str, **changes: str | None) -> httpx2.Response:
    form = {"subject_token": token, "subject_token_type": ACCESS, "audience": "api"} | changes
    return portal.token(grant_type=EXCHANGE, **form)


def test_a_persons_token_is_exchanged_for_one_that_the_api_accepts(
    portal: RelyingParty, api: RelyingParty
) -> None:
    own = portal.redeem(portal.code(scope="openid vo ovam")).json()["access_token"]
    assert introspect(api, own) == {"active": False}
    answer = exchange(portal, own, scope="vo")
    body = answer.json()
    assert (answer.status_code, body["issued_token_type"], body["scope"]) == (200, ACCESS, "vo")
    assert "refresh_token" not in body
    about = introspect(api, body["access_token"])
    assert about["aud"] == "api"
    assert about["client_id"] == "portaal"
    assert about["vo_orgcode"] == "0456789034"
    assert about["vo_id"]
    assert "ovam_rol_3d" not in about
    everything = introspect(api, exchange(portal, own).json()["access_token"])
    assert everything["ovam_rol_3d"] == ["OVAMGebruiker-NonConformiteitenIndiener:0456789034"]


def test_a_refresh_token_can_be_exchanged_and_an_actor_named(portal: RelyingParty, api: RelyingParty) -> None:
    tokens = portal.redeem(portal.code(scope="openid vo ovam offline_access")).json()
    actor = portal.token(grant_type="client_credentials", scope="vo").json()["access_token"]
    answer = exchange(
        portal, tokens["refresh_token"], subject_token_type=REFRESH, audience=None,
        resource="https://api.example/v1", actor_token=actor, actor_token_type=ACCESS,
    )  # fmt: skip
    assert introspect(api, answer.json()["access_token"])["act"] == {"sub": "portaal"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"audience": None}, "invalid_request"),
        ({"audience": "unknown"}, "invalid_target"),
        ({"audience": "machine"}, "invalid_target"),
        ({"subject_token": "unknown"}, "invalid_grant"),
        ({"subject_token_type": None}, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}, "invalid_request"),
        ({"subject_token_type": REFRESH}, "invalid_grant"),
        ({"requested_token_type": REFRESH}, "invalid_request"),
        ({"scope": "vo beheer"}, "invalid_scope"),
        ({"actor_token": "unknown", "actor_token_type": ACCESS}, "invalid_grant"),
        ({"actor_token": "unknown"}, "invalid_request"),
    ],
    ids=str,
)
def test_a_wrong_exchange_is_refused(
    portal: RelyingParty, changes: dict[str, str | None], error: str
) -> None:
    own = portal.redeem(portal.code(scope="openid vo ovam")).json()["access_token"]
    answer = exchange(portal, own, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_only_trusted_clients_exchange_only_their_own_tokens(
    portal: RelyingParty, web: RelyingParty, machine: RelyingParty
) -> None:
    foreign = web.redeem(web.code()).json()["access_token"]
    assert exchange(portal, foreign).json()["error"] == "invalid_grant"
    assert exchange(web, foreign).json()["error"] == "unauthorized_client"
    machines = portal.token(grant_type="client_credentials", scope="vo").json()["access_token"]
    assert exchange(portal, machines).json()["error"] == "invalid_grant"


def test_acm_looks_again_whether_the_person_may_use_the_api(acm: AcmState, portal: RelyingParty) -> None:
    own = portal.redeem(portal.code(scope="openid vo ovam")).json()["access_token"]
    acm.faults.switch_on(RIGHT_REVOKED, "indiener")
    try:
        answer = exchange(portal, own)
        assert (answer.status_code, answer.json()["error"]) == (400, "access_denied")
    finally:
        acm.faults.clear()
    assert exchange(portal, own).status_code == 200
