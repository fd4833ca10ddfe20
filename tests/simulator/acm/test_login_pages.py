"""The login as people see it: means, person, capacity; single sign-on, switching and logging out."""

from __future__ import annotations

import base64
import json
import re

import httpx2
import pytest

from simulator.acm.logins import SSO_SECONDS
from simulator.acm.means import MEANS
from simulator.acm.state import AcmState
from tests.simulator.acm.conftest import MakeParty, opened
from tests.simulator.acm.relying_party import Clock, RelyingParty

URN = "urn:be:vlaanderen:authmech:"


def offered(page: httpx2.Response, name: str) -> list[str]:
    """The values of the buttons with this name."""
    return re.findall(rf'<button name="{name}" value="([^"]*)"', page.text)


def claims(acm: AcmState, client: RelyingParty, answer: httpx2.Response) -> dict[str, object]:
    return opened(acm, client.redeem(client.returned(answer)["code"]).json()["id_token"])[1]


# Means


def test_the_page_offers_the_means_of_the_manual(web: RelyingParty) -> None:
    page = web.follow(web.authorize())
    assert page.status_code == 200
    assert offered(page, "means") == [means.name for means in MEANS]
    for words in ("eID", "itsme", "Federaal token", "via sms", "mobiele app", "niet-Belgen", "eIDAS"):
        assert words in page.text
    assert "Simulatie" in page.text


def test_acr_comes_only_where_it_was_asked_for(acm: AcmState, web: RelyingParty) -> None:
    assert "acr" not in claims(acm, web, web.log_in(means="eid"))
    asked = f"{URN}eid {URN}itsme"
    assert claims(acm, web, web.log_in(means="itsme", acr_values=asked))["acr"] == f"{URN}itsme"
    assert claims(acm, web, web.log_in(means="eid", acr_values=asked))["acr"] == f"{URN}eid"


@pytest.mark.parametrize(
    ("client_id", "asked", "names"),
    [
        (None, f"{URN}eid {URN}csamsms", ["eid", "sms"]),
        (None, f"{URN}csamtotp {URN}kerberos", ["totp", "keys"]),
        ("weinig-middelen", None, ["eid", "itsme", "token"]),
        ("weinig-middelen", f"{URN}itsme {URN}csamsms {URN}eid", ["eid", "itsme"]),
    ],
)
def test_means_are_what_the_client_may_use_and_asked_for(
    party: MakeParty, client_id: str | None, asked: str | None, names: list[str]
) -> None:
    client = party(client_id) if client_id else party()
    assert offered(client.follow(client.authorize(acr_values=asked)), "means") == names


def test_one_means_is_no_choice(party: MakeParty) -> None:
    client = party("weinig-middelen")
    page = client.follow(client.authorize(acr_values=f"{URN}itsme {URN}csamsms"))
    assert "indiener" in offered(page, "persona")


def test_means_that_were_not_offered_do_not_count(acm: AcmState, web: RelyingParty) -> None:
    answer = web.log_in(means="sms", acr_values=f"{URN}itsme")
    assert claims(acm, web, answer)["acr"] == f"{URN}itsme"


@pytest.mark.parametrize(
    ("means", "persona", "there"),
    [
        ("eid", "indiener", True), ("eid", "buitenland", False), ("keys", "buitenland", True),
        ("keys", "indiener", False), ("eidas-high", "buitenland", True), ("itsme", "buitenland", True),
    ],
)  # fmt: skip
def test_who_has_which_means(web: RelyingParty, means: str, persona: str, there: bool) -> None:
    page = web.follow(web.authorize())
    persons = web.browser.get(f"{web.issuer}/login", params={**page.url.params, "means": means})
    assert (persona in offered(persons, "persona")) is there
    answer = web.follow(web.post(page, "login", persona=persona, means=means))
    assert answer.status_code == (303 if there else 422)


# The person


def test_a_person_logs_in_with_a_national_number(acm: AcmState, web: RelyingParty) -> None:
    page = web.follow(web.authorize())
    wrong = web.post(page, "login", means="eid", number="85.03.15-123.70")
    assert wrong.status_code == 422
    assert 'value="85.03.15-123.70"' in wrong.text
    assert 'role="alert"' in wrong.text
    right = web.post(page, "login", means="eid", number="85.03.15-124.68")
    assert claims(acm, web, right)["given_name"] == "Inge"


def test_nobody_else_finishes_a_login(web: RelyingParty, party: MakeParty) -> None:
    page = web.follow(web.authorize())
    stranger = party()
    stranger.authorize()
    for path, values in (("login", {"persona": "indiener"}), ("capacity", {"organisation": "0456789034"})):
        answer = stranger.post(page, path, **values)
        assert answer.status_code == 400
        assert "verlopen" in answer.text
    assert web.post(page, "login", persona="indiener").status_code == 303
    assert web.post(page, "login", persona="indiener").status_code == 400


def test_a_login_that_takes_too_long_expires(web: RelyingParty, clock: Clock) -> None:
    page = web.follow(web.authorize())
    clock.now += 1801
    assert web.post(page, "login", persona="indiener").status_code == 400


# The capacity


def test_one_organisation_is_no_choice(acm: AcmState, web: RelyingParty) -> None:
    assert claims(acm, web, web.log_in())["vo_orgcode"] == "0456789034"


def test_two_organisations_give_a_choice(acm: AcmState, web: RelyingParty) -> None:
    page = web.log_in("twee-organisaties")
    assert offered(page, "organisation") == ["0456789034", "0777000187"]
    assert web.choose(page, organisation="1000000120").status_code == 200  # not theirs: asked again
    found = claims(acm, web, web.choose(page, organisation="0777000187"))
    assert found["vo_orgcode"] == "0777000187"
    assert found["vo_email"] == "thijs.willems@maasland.example"
    assert found["ovam_rol_3d"] == ["OVAMGebruiker-NonConformiteitenIndiener:0777000187"]


def test_on_doelgroep_level_all_organisations_come_along(acm: AcmState, party: MakeParty) -> None:
    client = party("doelgroep")
    found = claims(acm, client, client.log_in("twee-organisaties"))
    assert found["vo_doelgroepcode"] == "EA"
    assert "vo_orgcode" not in found
    assert found["ovam_rol_3d"] == ["OVAMGebruiker-NonConformiteitenIndiener:0456789034, 0777000187"]


def test_a_citizen_is_a_capacity_too(acm: AcmState, party: MakeParty) -> None:
    client = party("burgers")
    page = client.log_in()
    assert offered(page, "organisation") == ["0456789034"]
    assert offered(page, "doelgroep") == ["BUR"]
    found = claims(acm, client, client.choose(page, doelgroep="BUR"))
    assert found["vo_doelgroepcode"] == "BUR"
    assert not {"vo_orgcode", "vo_email", "ovam_rol_3d"} & set(found)
    # Who works for nobody that the client is open for is a citizen without being asked.
    assert claims(acm, client, client.log_in("ovam"))["vo_doelgroepcode"] == "BUR"


def test_who_has_no_capacity_goes_back_denied(party: MakeParty) -> None:
    client = party("met-recht")
    page = client.log_in("zonder-recht")
    assert page.status_code == 403
    assert "geen hoedanigheid" in page.text
    assert "error=access_denied&amp;state=the+state" in page.text
    assert client.log_in("indiener").status_code == 303


def hint(**wanted: str) -> str:
    return base64.b64encode(json.dumps(wanted).encode()).decode()


@pytest.mark.parametrize("form", ["base64", "base64url", "without padding"])
def test_a_targeted_login_skips_the_choice(acm: AcmState, web: RelyingParty, form: str) -> None:
    wanted = hint(cap_hint="EA", code_hint="0777000187")
    if form == "base64url":
        wanted = wanted.replace("+", "-").replace("/", "_")
    if form == "without padding":
        wanted = wanted.rstrip("=")
    answer = web.log_in("twee-organisaties", login_hint=wanted)
    assert claims(acm, web, answer)["vo_orgcode"] == "0777000187"


@pytest.mark.parametrize(
    "wanted",
    [hint(cap_hint="EA", code_hint="1000000120"), hint(cap_hint="GID"), hint(cap_hint="EA"), "rubbish", "W10=", ""],
)  # fmt: skip
def test_a_hint_that_does_not_decide_leaves_the_choice(web: RelyingParty, wanted: str) -> None:
    page = web.log_in("twee-organisaties", login_hint=wanted)
    assert len(offered(page, "organisation")) == 2


# Single sign-on, switching and logging out


def test_single_sign_on_lasts_for_two_hours(web: RelyingParty, clock: Clock) -> None:
    web.log_in()
    clock.now += SSO_SECONDS - 1
    assert "code" in web.returned(web.authorize())
    clock.now += 1
    assert "request=" in web.authorize().headers["location"]


def test_single_sign_on_still_asks_for_the_capacity(web: RelyingParty) -> None:
    web.choose(web.log_in("twee-organisaties"), organisation="0456789034")
    assert len(offered(web.follow(web.authorize()), "organisation")) == 2
    assert web.returned(web.authorize(prompt="none"))["error"] == "interaction_required"


def test_means_that_are_asked_for_must_have_been_used(acm: AcmState, web: RelyingParty) -> None:
    web.log_in(means="sms")
    assert claims(acm, web, web.authorize(acr_values=f"{URN}csamsms"))["acr"] == f"{URN}csamsms"
    stronger = web.follow(web.authorize(acr_values=f"{URN}eid"))
    answer = web.post(stronger, "login", persona="indiener", means="eid")
    assert claims(acm, web, answer)["acr"] == f"{URN}eid"


def test_prompts(web: RelyingParty) -> None:
    web.log_in()
    assert "code" in web.returned(web.authorize(prompt="none"))
    stronger = web.authorize(prompt="none", acr_values=f"{URN}eid")
    assert web.returned(stronger)["error"] == "login_required"
    assert web.follow(web.authorize(prompt="login")).status_code == 200


def log_out(client: RelyingParty, **query: str) -> httpx2.Response:
    return client.browser.get(f"{client.issuer}/v1/logout", params=query)


def test_logging_out_ends_single_sign_on_and_goes_back(web: RelyingParty) -> None:
    web.log_in()
    target = web.client.post_logout_redirect_uris[0]
    answer = log_out(web, client_id=web.client.client_id, post_logout_redirect_uri=target, state="a&b")
    assert answer.headers["location"] == f"{target}?state=a%26b"
    assert web.follow(web.authorize()).status_code == 200
    assert log_out(web, client_id=web.client.client_id, post_logout_redirect_uri=target).headers[
        "location"
    ] == target  # fmt: skip


def test_logging_out_of_acm_alone_ends_on_its_page(web: RelyingParty) -> None:
    web.log_in()
    answer = log_out(web)
    assert answer.status_code == 200
    assert "U bent afgemeld" in answer.text
    assert web.follow(web.authorize()).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"post_logout_redirect_uri": "http://localhost:9999/afgemeld"},
        {"client_id": "unknown", "post_logout_redirect_uri": "http://localhost:9999/afgemeld"},
        {"client_id": "{client}", "post_logout_redirect_uri": "http://localhost:9999/afgemeld/"},
        {"client_id": "{client}", "post_logout_redirect_uri": "http://evil.test/"},
        {"client_id": "portaal", "post_logout_redirect_uri": "http://localhost:9999/afgemeld"},
        {"switch": "true"},
        {"switch": "true", "client_id": "{client}"},
        {"switch": "true", "post_logout_redirect_uri": "http://localhost:9999/afgemeld"},
    ],
    ids=str,
)
def test_an_address_after_logout_that_is_not_registered_is_refused(
    web: RelyingParty, query: dict[str, str]
) -> None:
    web.log_in()
    filled = {name: value.format(client=web.client.client_id) for name, value in query.items()}
    answer = log_out(web, **filled)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "code" in web.returned(web.authorize())  # nothing was ended


def test_switching_keeps_the_person_and_asks_for_the_capacity(acm: AcmState, web: RelyingParty) -> None:
    web.choose(web.log_in("twee-organisaties"), organisation="0456789034")
    target = web.client.post_logout_redirect_uris[0]
    answer = log_out(
        web, switch="true", client_id=web.client.client_id, post_logout_redirect_uri=target, state="s"
    )
    assert answer.headers["location"] == f"{target}?state=s"
    page = web.follow(web.authorize())
    assert claims(acm, web, web.choose(page, organisation="0777000187"))["vo_orgcode"] == "0777000187"
