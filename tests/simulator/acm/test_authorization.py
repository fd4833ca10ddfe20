"""Authorization requests: what is refused before anybody logs in, and how the answer comes back."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from simulator.acm.state import AcmState
from tests.simulator.acm.conftest import MakeParty
from tests.simulator.acm.form import Form
from tests.simulator.acm.relying_party import RelyingParty

ANSWER = {"code", "state"}


def test_discovery_as_acm_publishes_it(acm: AcmState) -> None:
    found = httpx2.get(f"{acm.issuer}/.well-known/openid-configuration", trust_env=False).json()
    assert found["issuer"] == acm.issuer
    paths = {
        "authorization_endpoint": "auth",
        "token_endpoint": "token",
        "userinfo_endpoint": "userinfo",
        "jwks_uri": "keys",
        "introspection_endpoint": "introspect",
        "end_session_endpoint": "logout",
    }
    assert {name: found[name] for name in paths} == {n: f"{acm.issuer}/v1/{p}" for n, p in paths.items()}
    assert found["response_modes_supported"] == ["query", "fragment", "form_post"]
    assert found["scopes_supported"] == ["openid"]
    assert found["id_token_signing_alg_values_supported"] == ["RS256"]
    # The gaps: these work, or not, but ACM does not say so.
    assert "private_key_jwt" not in found["token_endpoint_auth_methods_supported"]
    assert found["grant_types_supported"] == ["authorization_code", "client_credentials"]
    for name in (
        "revocation_endpoint", "claims_supported", "acr_values_supported", "backchannel_logout_supported",
        "frontchannel_logout_supported", "pushed_authorization_request_endpoint", "check_session_iframe",
        "request_parameter_supported", "authorization_response_iss_parameter_supported",
    ):  # fmt: skip
        assert name not in found


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown"}, {"client_id": None}, {"redirect_uri": None},
        {"redirect_uri": "http://localhost:9999/callback/"}, {"redirect_uri": "http://localhost:9999/Callback"},
        {"redirect_uri": "http://localhost:9999/callback?a=1"}, {"redirect_uri": "http://localhost:9998/callback"},
        {"redirect_uri": "https://localhost:9999/callback"}, {"redirect_uri": "http://evil.test/callback"},
        {"redirect_uri": "http://localhost:9999/callback#"},
    ],
    ids=str,
)  # fmt: skip
def test_an_unregistered_address_gets_a_page_and_no_redirect(
    web: RelyingParty, changes: dict[str, str | None]
) -> None:
    answer = web.authorize(**changes)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "niet bij ACM geregistreerd" in answer.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "openid beheer"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"acr_values": "urn:be:vlaanderen:authmech:kerberos"}, "unmet_authentication_requirements"),
        ({"prompt": "none"}, "login_required"),
    ],
    ids=str,
)
def test_a_wrong_request_goes_back_at_once(
    web: RelyingParty, changes: dict[str, str | None], error: str
) -> None:
    back = web.returned(web.authorize(**changes))
    assert back["error"] == error
    assert back["state"] == "the state"
    assert "code" not in back


def test_a_parameter_that_stands_twice_goes_back(web: RelyingParty) -> None:
    query = httpx2.QueryParams(web.request()).add("scope", "openid")
    answer = web.browser.get(f"{web.issuer}/v1/auth?{query}")
    assert web.returned(answer)["error"] == "invalid_request"


def test_the_answer_in_the_query(web: RelyingParty) -> None:
    for mode in (None, "query"):
        assert set(web.returned(web.log_in(response_mode=mode))) == ANSWER
    assert web.returned(web.log_in(state="a b&c=d"))["state"] == "a b&c=d"
    assert set(web.returned(web.log_in(state=None))) == {"code"}


def test_the_answer_beside_a_query_of_the_application(party: MakeParty) -> None:
    client = party("doelgroep")
    back = client.returned(client.log_in())
    assert back["a"] == "1"
    assert client.redeem(back["code"]).status_code == 200


def test_the_answer_in_the_fragment(web: RelyingParty) -> None:
    location = urlsplit(web.log_in(response_mode="fragment").headers["location"])
    assert location.query == ""
    assert set(dict(parse_qsl(location.fragment))) == ANSWER
    refused = urlsplit(web.authorize(response_mode="fragment", scope="beheer").headers["location"])
    assert dict(parse_qsl(refused.fragment)) == {"error": "invalid_scope", "state": "the state"}


def test_the_answer_in_a_form(web: RelyingParty) -> None:
    answer = web.log_in(response_mode="form_post", state='"><script>')
    assert answer.status_code == 200
    form = Form(answer.text)
    assert form.target == web.redirect_uri
    assert form.fields["state"] == '"><script>'
    assert web.redeem(form.fields["code"]).status_code == 200
    refused = Form(web.authorize(response_mode="form_post", scope="beheer").text)
    assert refused.fields == {"error": "invalid_scope", "state": "the state"}
