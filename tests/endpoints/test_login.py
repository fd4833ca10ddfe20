"""From nobody to a session and back, over HTTP, against the simulated ACM."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from simulator.login import LoginEnded, login
from tests.gateway_fixture import GatewayFixture

PAGE = {"accept": "text/html"}


@pytest.fixture
def browser() -> httpx2.Client:
    with httpx2.Client(trust_env=False, follow_redirects=False, timeout=60) as client:
        yield client


def test_nobody_is_sent_to_acm_when_they_navigate(gate: GatewayFixture, browser: httpx2.Client) -> None:
    answer = browser.get(f"{gate.url}/echo?a=1", headers=PAGE)
    assert answer.status_code == 302
    there = urlsplit(answer.headers["location"])
    query = {name: values[0] for name, values in parse_qs(there.query).items()}
    assert f"{there.scheme}://{there.netloc}{there.path}" == f"{gate.acm.issuer}/v1/auth"
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"] == f"{gate.url}/oauth2/callback"
    assert len(query["state"]) > 40
    assert len(query["nonce"]) > 40
    assert answer.headers["cache-control"] == "no-store"


def test_nobody_gets_401_with_the_login_url_when_they_do_not(
    gate: GatewayFixture, browser: httpx2.Client
) -> None:
    answer = browser.get(f"{gate.url}/echo")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "login-required"
    assert problem["login_url"].startswith(f"{gate.url}/oauth2/start")
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_a_login_ends_at_the_page_that_was_asked_for(gate: GatewayFixture, browser: httpx2.Client) -> None:
    begun = browser.get(f"{gate.url}/echo/deep?a=1&b=%2F", headers=PAGE)
    acm = httpx2.Client(trust_env=False)
    with acm:
        choose = acm.get(begun.headers["location"])
        request = urlsplit(choose.headers["location"]).query.removeprefix("request=")
        chosen = acm.post(f"{gate.acm.issuer}/login", data={"request": request, "persona": "indiener"})
    back = browser.get(chosen.headers["location"])
    assert back.status_code == 302
    assert back.headers["location"] == "/echo/deep?a=1&b=%2F"
    cookie = next(value for value in back.headers.get_list("set-cookie") if "-session=" in value)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert browser.get(f"{gate.url}/echo/deep").status_code == 200
    # The same callback once more: the person just goes on, for they have a session.
    again = browser.get(chosen.headers["location"], headers=PAGE)
    assert again.status_code == 302
    # Somebody else with that callback gets nothing but a login of their own.
    stranger = httpx2.get(chosen.headers["location"], headers=PAGE, trust_env=False)
    assert stranger.headers["location"].startswith(gate.acm.issuer)
    assert "session" not in str(stranger.headers.get("set-cookie"))


@pytest.mark.parametrize(
    "query",
    [
        "", "state=x", "code=a&state=b", "code=a&code=b&state=c", "code=a&state=b&state=c",
        "error=access_denied", "error=access_denied&state=x", "state=%00%ff&code=a", "iss=a&iss=b&state=c",
    ],
)  # fmt: skip
def test_a_callback_that_proves_nothing_gives_no_session(
    gate: GatewayFixture, browser: httpx2.Client, query: str
) -> None:
    answer = browser.get(f"{gate.url}/oauth2/callback?{query}", headers=PAGE)
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
    assert "Meld" in answer.text or "opnieuw" in answer.text


def test_the_login_command_says_why_it_ended(gate: GatewayFixture) -> None:
    with pytest.raises(LoginEnded, match="does not offer 'nobody'"):
        login(gate.url, "nobody")


def test_two_organisations_give_a_choice(gate: GatewayFixture) -> None:
    for code in ("0456789034", "0777000187"):
        cookie = login(gate.url, "twee-organisaties", code)
        found = httpx2.get(f"{gate.url}/oauth2/userinfo", headers={"cookie": cookie}, trust_env=False).json()
        assert found["organisation"]["code"] == code
        assert found["rights"] == [f"OVAMGebruiker-NonConformiteitenIndiener:{code}"]


def test_userinfo_and_session_hold_no_token(gate: GatewayFixture, cookies: dict[str, str]) -> None:
    for path in ("userinfo", "session"):
        answer = httpx2.get(
            f"{gate.url}/oauth2/{path}", headers={"cookie": cookies["indiener"]}, trust_env=False
        )
        assert answer.status_code == 200
        assert "token" not in answer.text
        assert httpx2.get(f"{gate.url}/oauth2/{path}", trust_env=False).status_code == 401


def test_sign_out_ends_the_session_and_goes_by_acm(gate: GatewayFixture) -> None:
    cookie = login(gate.url, "indiener")
    with httpx2.Client(trust_env=False, headers={"cookie": cookie}) as client:
        assert client.get(f"{gate.url}/echo").status_code == 200
        out = client.get(f"{gate.url}/oauth2/sign_out")
        assert out.status_code == 302
        query = parse_qs(urlsplit(out.headers["location"]).query)
        assert query["post_logout_redirect_uri"] == [f"{gate.url}/oauth2/logout/callback"]
        assert "client_id" in query
        assert client.get(f"{gate.url}/echo").status_code == 401
    back = httpx2.get(out.headers["location"], follow_redirects=True, headers=PAGE, trust_env=False)
    assert back.url.path == "/oauth2/logout/callback"
    assert back.status_code == 200


def test_another_site_cannot_log_people_out(gate: GatewayFixture, cookies: dict[str, str]) -> None:
    for extra in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.test"}):
        headers = {"cookie": cookies["indiener"], **extra}
        answer = httpx2.get(f"{gate.url}/oauth2/sign_out", headers=headers, trust_env=False)
        assert answer.status_code == 400
    assert (
        httpx2.get(f"{gate.url}/echo", headers={"cookie": cookies["indiener"]}, trust_env=False).status_code
        == 200
    )


@pytest.mark.parametrize(
    "rd", ["//evil.test", "https://evil.test", "/\\evil.test", "/%09/evil.test", "javascript:x"]
)
def test_the_way_back_is_always_this_site(gate: GatewayFixture, rd: str) -> None:
    with httpx2.Client(trust_env=False) as client:
        begun = client.get(f"{gate.url}/oauth2/start", params={"rd": rd})
        with httpx2.Client(trust_env=False) as acm:
            choose = acm.get(begun.headers["location"])
            request = urlsplit(choose.headers["location"]).query.removeprefix("request=")
            chosen = acm.post(f"{gate.acm.issuer}/login", data={"request": request, "persona": "indiener"})
        back = client.get(chosen.headers["location"])
    assert back.headers["location"] == "/"


def test_the_reserved_prefix_is_never_forwarded(gate: GatewayFixture, cookies: dict[str, str]) -> None:
    headers = {"cookie": cookies["indiener"]}
    assert httpx2.get(f"{gate.url}/oauth2/nothing", headers=headers, trust_env=False).status_code == 404
    wrong = httpx2.post(f"{gate.url}/oauth2/callback", headers=headers, trust_env=False)
    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "GET"


def test_the_keys_of_the_assertion_are_public_halves(gate: GatewayFixture) -> None:
    keys = httpx2.get(f"{gate.url}/.well-known/jwks.json", trust_env=False).json()["keys"]
    assert keys
    assert all("d" not in key for key in keys)


def test_records_and_metrics_tell_the_story(gate: GatewayFixture, cookies: dict[str, str]) -> None:
    answer = httpx2.get(f"{gate.url}/echo/recorded", headers={"cookie": cookies["indiener"]}, trust_env=False)
    request_id = answer.headers["x-request-id"]
    metrics = httpx2.get(f"http://localhost:{gate.observe_port}/metrics", trust_env=False).text
    assert 'toegangspoort_authz_total{decision="allow",rule="echo"}' in metrics
    assert httpx2.get(f"http://localhost:{gate.observe_port}/readyz", trust_env=False).status_code == 200
    mine = gate.records_with(request_id)
    assert mine[0]["rule"] == "echo"
    assert mine[0]["verdict"] == "allow"
    text = gate.records.read_text()
    for secret in (
        cookies["indiener"].partition("=")[2],
        "85031512468",
        "1f0a6c1d9b6d4c0b8a7f1d1e5a2b3c4d5e6f7081",
    ):
        assert secret not in text
