"""The OpenID Foundation's test modules for relying parties, each by a test of that name or by one that is named here.

The modules are those of the conformance suite; what they do is done here by the scripted provider.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import Response

from gateway.errors import LoginFailed, ProviderUnavailable
from tests.auth.conftest import Browser, Side
from tests.auth.mutations import script_token
from tests.auth.scripted_provider import CLIENT_ID, SECRET, ScriptedProvider, public, signed
from tests.gateway_fixture import StillClock

MODULES: Mapping[str, Mapping[str, Any]] = {
    found["module"]: found
    for found in json.loads((Path(__file__).parent.parent / "cases/conformance-rp.json").read_text())[
        "modules"
    ]
}
# What a relying party of a fixed provider must do, and more of the same kind.
REQUIRED = {"basic", "config", "formpost", "rp-init-logout", "back-channel", "refresh", "fapi2 client"}
FAPI = "fapi2-security-profile-final-client-test-"
OIDC = "oidcc-client-test-"


def payload(**changes: Any) -> dict[str, Any]:
    gone = [name for name, value in changes.items() if value is None]
    return {
        "payload": {"set": {name: value for name, value in changes.items() if name not in gone}, "del": gone}
    }


# By module: what is wrong with the ID token. All are refused, and nothing is asked of userinfo after that.
REFUSED: Mapping[str, dict[str, Any]] = {
    f"{OIDC}invalid-iss": payload(iss="https://evil.test"),
    f"{OIDC}missing-sub": payload(sub=None),
    f"{OIDC}invalid-aud": payload(aud="other"),
    f"{OIDC}missing-aud": payload(aud=None),
    f"{OIDC}missing-iat": payload(iat=None),
    f"{OIDC}nonce-invalid": payload(nonce="another"),
    f"{OIDC}idtoken-sig-none": {"sign": {"none": True, "key": "k1", "alg": "none"}},
    f"{OIDC}invalid-sig-rs256": {
        "sign": {"key": "attacker_rsa", "alg": "RS256"},
        "header": {"set": {"kid": "k1"}},
    },
    f"{OIDC}invalid-sig-es256": {
        "sign": {"key": "e1_other", "alg": "ES256"},
        "header": {"set": {"kid": "e1"}},
    },
    f"{OIDC}invalid-sig-hs256": {"sign": {"hmac": "empty", "key": "k1", "alg": "HS256"}},
    f"{OIDC}invalid-athash": payload(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    f"{FAPI}invalid-iss": payload(iss="https://evil.test"),
    f"{FAPI}invalid-missing-iss": payload(iss=None),
    f"{FAPI}invalid-aud": payload(aud="other"),
    f"{FAPI}invalid-missing-aud": payload(aud=None),
    f"{FAPI}invalid-secondary-aud": payload(aud=["$client_id", "other"]),
    f"{FAPI}invalid-nonce": payload(nonce="another"),
    f"{FAPI}invalid-missing-nonce": payload(nonce=None),
    f"{FAPI}invalid-expired-exp": payload(exp="$now-600"),
    f"{FAPI}invalid-missing-exp": payload(exp=None),
    f"{FAPI}invalid-null-alg": {"sign": {"none": True, "key": "k1", "alg": "none"}},
    f"{FAPI}invalid-alternate-alg": {"sign": {"key": "k1", "alg": "RS512"}},
}
ACCEPTED: Mapping[str, dict[str, Any]] = {
    f"{OIDC}idtoken-sig-rs256": {},
    f"{OIDC}kid-absent-single-jwks": {"header": {"del": ["kid"]}, "jwks": {"only": ["k1"]}},
    f"{OIDC}kid-absent-multiple-jwks": {"header": {"del": ["kid"]}},
    f"{FAPI}happy-path": {},
    f"{FAPI}valid-aud-as-array": payload(aud=["$client_id"]),
}


@pytest.mark.parametrize("module", REFUSED)
async def test_refused(gate: Any, op: ScriptedProvider, module: str) -> None:
    script_token(op, REFUSED[module])
    with pytest.raises(LoginFailed) as refused:
        await (await gate(userinfo=True)).browser().log_in()
    assert refused.value.reason.startswith(("id-token-", "clock-skew"))
    assert op.seen["userinfo"] == 0


@pytest.mark.parametrize("module", ACCEPTED)
async def test_accepted(gate: Any, op: ScriptedProvider, module: str) -> None:
    script_token(op, ACCEPTED[module])
    assert (await (await gate()).browser().log_in()).identity.subject == "alice"


async def whole_code_flow(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    finished = await (await gate(userinfo=True)).browser().log_in()
    assert finished.identity.subject == "alice"
    assert [op.seen[name] for name in ("auth", "token", "userinfo")] == [1, 1, 1]


async def userinfo_of_somebody_else(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    op.userinfo["sub"] = "bob"
    with pytest.raises(LoginFailed, match="not about the subject"):
        await (await gate(userinfo=True)).browser().log_in()


async def claims_from_userinfo(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    op.userinfo |= {"given_name": "An", "family_name": "Peeters", "phone_number": "+32 2 553 17 00"}
    found = (
        await (await gate(userinfo=True, scopes=("openid", "profile", "phone"))).browser().log_in()
    ).identity
    assert (found.name, found.phone) == ("An Peeters", "+32 2 553 17 00")


async def client_secret_basic(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    auth = {"method": "client_secret_basic", "secret": "file:secret"}
    await (await gate(client_auth=auth)).browser().log_in()
    sent = next(form for what, form in op.requests if what == "token")
    assert "client_secret" not in sent
    assert SECRET.encode("ascii", "replace") != SECRET.encode("utf-8"), "it needs encoding first"


async def discovery_is_used(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    op.discovery["authorization_endpoint"] = f"{op.issuer}/elsewhere?tenant=1"
    location = (await (await gate()).browser().begin()).location
    assert location.startswith(f"{op.issuer}/elsewhere?tenant=1&")


async def keys_from_where_discovery_says(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    await (await gate()).browser().log_in()
    assert op.seen["keys"] == 1
    op.discovery["jwks_uri"] = f"{op.issuer}/v1/nothing"
    with pytest.raises(ProviderUnavailable):
        await (await gate()).browser().log_in()


async def issuer_mismatch(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    op.discovery["issuer"] = f"{op.issuer}/other"
    with pytest.raises(ProviderUnavailable):
        await (await gate()).browser().begin()
    assert op.seen["auth"] == 0


async def rotated_just_before_signing(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    browser: Browser = (await gate()).browser()
    await browser.log_in()
    clock.now += 60
    query = await browser.visit((await browser.begin()).location)
    op.keys = [public("k2")]
    op.sign = lambda claims: signed(claims, name="k2")
    assert (await browser.finish(query)).identity.subject == "alice"


async def bearer_in_the_header(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    await (await gate(userinfo=True)).browser().log_in()
    asked = next(headers for what, headers in op.requests if what == "userinfo")
    assert asked["authorization"].removeprefix("Bearer ") in op.access_tokens


async def aggregated_and_distributed_claims(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    sources = {"a": {"endpoint": f"{op.issuer}/v1/keys", "access_token": "x"}, "b": {"JWT": "x.y.z"}}
    op.claims |= {"_claim_names": {"vo_orgcode": "a", "given_name": "b"}, "_claim_sources": sources}
    found = (await (await gate()).browser().log_in()).identity
    assert (found.organisation, found.given_name) == (None, None)
    assert op.seen["keys"] == 1, "nothing is fetched from where a claim says"


async def no_response_mode_is_asked(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    """The answer comes by query (decision 9); a form that comes all the same is refused, see test_callback.py."""
    asked = parse_qs(urlsplit((await (await gate()).browser().begin()).location).query)
    assert "response_mode" not in asked
    assert asked["response_type"] == ["code"]


async def nonce_is_always_sent(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    asked = parse_qs(urlsplit((await (await gate()).browser().begin()).location).query)
    assert len(asked["nonce"][0]) >= 43


async def refreshed(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    side: Side = await gate(userinfo=True)
    finished = await side.browser().log_in()
    found = await side.login.renew(finished.identity, finished.tokens)
    assert found is not None
    last = [headers for what, headers in op.requests if what == "userinfo"][-1]
    assert last["authorization"] == f"Bearer {found[1].access_token}"


async def silent_about_the_lifetime(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    op.token_answer["expires_in"] = "absent"
    assert (await (await gate()).browser().log_in()).tokens.expires_at is None


async def token_type_in_any_case(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    op.token_answer["token_type"] = "bEARER"
    assert (await (await gate()).browser().log_in()).identity.subject == "alice"


async def signed_userinfo(gate: Any, op: ScriptedProvider, clock: StillClock) -> None:
    token = signed({"iss": op.issuer, "aud": CLIENT_ID, "sub": "alice", "given_name": "An"})
    op.answers["userinfo"] = lambda _headers: Response(token, media_type="application/jwt")
    assert (await (await gate(userinfo=True)).browser().log_in()).identity.given_name == "An"


STORIES: Mapping[str, Callable[..., Any]] = {
    "oidcc-client-test": whole_code_flow,
    f"{OIDC}userinfo-invalid-sub": userinfo_of_somebody_else,
    f"{OIDC}scope-userinfo-claims": claims_from_userinfo,
    f"{OIDC}client-secret-basic": client_secret_basic,
    f"{OIDC}discovery-openid-config": discovery_is_used,
    f"{OIDC}discovery-jwks-uri-keys": keys_from_where_discovery_says,
    f"{OIDC}discovery-issuer-mismatch": issuer_mismatch,
    f"{FAPI}discovery-issuer-mismatch": issuer_mismatch,
    f"{OIDC}signing-key-rotation-just-before-signing": rotated_just_before_signing,
    f"{OIDC}userinfo-bearer-header": bearer_in_the_header,
    f"{OIDC}userinfo-signed": signed_userinfo,
    f"{OIDC}aggregated-claims": aggregated_and_distributed_claims,
    f"{OIDC}distributed-claims": aggregated_and_distributed_claims,
    f"{OIDC}form-post-error": no_response_mode_is_asked,
    f"{OIDC}nonce-unless-code-flow": nonce_is_always_sent,
    f"{OIDC}refresh-token": refreshed,
    f"{FAPI}token-endpoint-response-without-expires_in": silent_about_the_lifetime,
    f"{FAPI}token-type-case-insensitivity": token_type_in_any_case,
}


@pytest.mark.parametrize("module", STORIES)
async def test_module(gate: Any, op: ScriptedProvider, clock: StillClock, module: str) -> None:
    await STORIES[module](gate, op, clock)


CALLBACK, RENEWAL, LOGOUT, NOTICES = (
    "tests.auth.test_callback",
    "tests.auth.test_grants",
    "tests.endpoints.test_logout",
    "tests.endpoints.test_notices",
)
# Modules that a test elsewhere lives through, by name; with the case of the corpus where it is one of many.
ELSEWHERE: Mapping[str, tuple[str, str, str | None]] = {
    f"{OIDC}signing-key-rotation": ("tests.auth.test_provider", "test_rotation", "jwks-rotated-second-login"),
    f"{OIDC}refresh-token-invalid-issuer": (RENEWAL, "test_refresh_cases", "tr-refresh-iss"),
    f"{OIDC}refresh-token-invalid-sub": (RENEWAL, "test_refresh_cases", "tr-extra-id-token-sub"),
    f"{FAPI}invalid-authorization-response-iss": (CALLBACK, "test_callback_cases", "cb-iss-wrong"),
    f"{FAPI}remove-authorization-response-iss": (
        CALLBACK, "test_callback_cases", "cb-iss-missing-supported",
    ),
    f"{FAPI}ensure-authorization-response-with-invalid-state-fails": (CALLBACK, "test_callback_cases", "cb-error-bad-state"),
    f"{FAPI}ensure-authorization-response-with-invalid-missing-state-fails": (
        CALLBACK, "test_callback_cases", "cb-state-missing",
    ),
    f"{OIDC}rp-init-logout": (LOGOUT, "test_a_logout_goes_through_the_provider_and_comes_back", None),
    f"{OIDC}rp-init-logout-other-state": (LOGOUT, "test_a_state_that_is_not_this_browsers_leads_nowhere", None),
    f"{OIDC}rp-init-logout-no-state": (LOGOUT, "test_a_state_that_is_not_this_browsers_leads_nowhere", None),
    f"{OIDC}rp-backchannel-rpinitlogout": (NOTICES, "test_logout_token_cases", "lt-ok-sid"),
    f"{OIDC}rp-backchannel-rpinitlogout-wrong-alg": (NOTICES, "test_logout_token_cases", "lt-wrong-alg"),
    f"{OIDC}rp-backchannel-rpinitlogout-wrong-event": (NOTICES, "test_logout_token_cases", "lt-wrong-event"),
    **{
        f"{OIDC}rp-backchannel-rpinitlogout-{name}": (NOTICES, "test_logout_tokens_of_the_conformance_suite", None)
        for name in ("alg-none", "no-event", "with-nonce", "wrong-aud", "wrong-iss")
    },
    f"{OIDC}rp-frontchannel-rpinitlogout": (
        NOTICES, "test_a_front_channel_logout_ends_its_session_and_may_be_framed", None,
    ),
    f"{OIDC}rp-frontchannel-opinitlogout": (
        NOTICES, "test_a_front_channel_logout_ends_its_session_and_may_be_framed", None,
    ),
}  # fmt: skip
NOT_FOR_US: Mapping[str, str] = {
    f"{OIDC}discovery-webfinger-acct": "the issuer is fixed",
    f"{OIDC}discovery-webfinger-url": "the issuer is fixed",
    f"{OIDC}dynamic-registration": "clients are registered by hand",
    f"{OIDC}request-uri-signed-rs256": "requests are pushed instead (PAR)",
    f"{OIDC}request-uri-signed-none": "requests are pushed instead (PAR)",
    f"{OIDC}missing-athash": "only the code flow",
    f"{OIDC}invalid-chash": "only the code flow",
    f"{OIDC}missing-chash": "only the code flow",
    f"{OIDC}userinfo-bearer-body": "the token goes in the header",
    f"{OIDC}mtls-endpoint-aliases": "no mutual TLS with the provider",
    f"{OIDC}3rd-party-init-login": "logins begin at /oauth2/start",
    f"{OIDC}session-management": "needs cookies of third parties, which browsers no longer send",
}


def test_every_module_is_covered() -> None:
    tables = (REFUSED, ACCEPTED, STORIES, ELSEWHERE, NOT_FOR_US)
    names = [name for table in tables for name in table]
    assert len(names) == len(set(names))
    assert set(names) == set(MODULES)
    for name in NOT_FOR_US:
        assert not REQUIRED & set(MODULES[name]["plans"]), name


@pytest.mark.parametrize("module", ELSEWHERE)
def test_the_tests_elsewhere_are_there(module: str) -> None:
    place, test, case = ELSEWHERE[module]
    found = importlib.import_module(place)
    assert callable(getattr(found, test))
    if case is not None:
        assert case in Path(str(found.__file__)).parent.parent.joinpath("cases/token-cases.json").read_text()
