"""A form that meets an ended session: kept, sent once after the login, when the person says so."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx2
import pytest
from starlette.responses import JSONResponse

from tests.gateway_fixture import OPEN_RULES, PAGE, Browser, GatewayFixture, scripted_gateway

FORM = PAGE | {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
BODY = b"waarde=%C3%A9%26&code=secret-of-the-form"
TARGET = "/echo/meldingen?jaar=2026&q=%20x"
LABELS = {"nl": "Een melding indienen", "en": "File a report"}
RULES: list[dict[str, Any]] = [
    {**OPEN_RULES[1], "label": LABELS},
    {
        "id": "strong",
        "match": {"path": "/sterk/**"},
        "require": [{"assurance": {"any_of": ["eid"]}}],
    },
    OPEN_RULES[2],
]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(
        tmp_path_factory.mktemp("resume"),
        session={"idle_timeout": "30m", "form_limit": 700_000},
        rules=RULES,
        paths={"empty_segments": "keep"},
    ) as found:
        yield found


@pytest.fixture
def browser(gate: GatewayFixture) -> Iterator[Browser]:
    """Somebody whose session just ended."""
    gate.upstream.seen.clear()
    with gate.browser() as found:
        gate.op.claims.update({"given_name": "Alice", "family_name": "Peeters"})
        found.log_in()
        gate.clock.ahead += 1_801
        yield found


def post(browser: Browser, target: str = TARGET, body: bytes = BODY, **headers: str) -> httpx2.Response:
    return browser.post(target, content=body, headers=FORM | headers)


def kept(answer: httpx2.Response) -> str:
    """The link of the page that says that a form is kept."""
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/html")
    assert "We hebben uw formulier bewaard. Het is nog niet verstuurd" in answer.text
    found = re.search(
        r'href="(/oauth2/start[?]rd=%2Foauth2%2Fresume%3Fform%3D[0-9a-f]{20}[^"]*)"', answer.text
    )
    assert found
    return unescape(found[1])


def ask(browser: Browser, answer: httpx2.Response) -> tuple[str, str, str]:
    """Log in; (the page that asks, where its form goes, its token)."""
    done = browser.through_provider(browser.page(kept(answer)))
    assert re.fullmatch(r"/oauth2/resume\?form=[0-9a-f]{20}", done.headers["location"])
    page = browser.page(done.headers["location"])
    assert page.status_code == 200
    action = re.search(r'action="([^"]+)"', page.text)
    token = re.search(r'name="tgp-token" value="([0-9a-f]{64})"', page.text)
    assert action
    assert token
    return page.text, unescape(action[1]), token[1]


def confirm(browser: Browser, action: str, token: str, **headers: str) -> httpx2.Response:
    return browser.post(action, data={"tgp-token": token}, headers=FORM | headers)


def sent(gate: GatewayFixture) -> list[tuple[str, str, dict[str, str], bytes]]:
    return [each for each in gate.upstream.seen if each[0] == "POST"]


def test_a_form_is_sent_after_the_login_once(gate: GatewayFixture, browser: Browser) -> None:
    page, action, token = ask(browser, post(browser, referer=f"{gate.url}/echo/form"))
    assert sent(gate) == []
    assert "<dd>/echo/meldingen</dd>" in page, "the rule has no label"
    assert "0428.315.871" in page
    assert "Alice" in page
    assert "secret-of-the-form" not in page
    answer = confirm(browser, action, token)
    assert answer.status_code == 200
    ((_, target, headers, body),) = sent(gate)
    assert (target, body) == (TARGET, BODY)
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert headers["referer"] == f"{gate.url}/echo/form"
    assert headers["x-forwarded-user"] == "alice"
    again = confirm(browser, action, token)
    assert again.status_code == 410
    assert "Uw formulier is al verstuurd" in again.text
    assert len(sent(gate)) == 1, "nothing of the question reaches the register"


def test_a_path_with_two_slashes_is_no_other_site(gate: GatewayFixture, browser: Browser) -> None:
    _, action, token = ask(browser, post(browser, "//evil.test/meldingen"))
    assert action.startswith(f"{gate.url}//evil.test/meldingen?")
    assert confirm(browser, action, token).status_code == 200
    assert [target for _, target, _, _ in sent(gate)] == ["//evil.test/meldingen"]


def test_a_page_that_posts_to_its_own_address_goes_on(gate: GatewayFixture, browser: Browser) -> None:
    _, action, token = ask(browser, post(browser))
    confirm(browser, action, token)
    for body in (b"a=b", b"f=" + b"x" * 72):
        assert post(browser, action, body).json()["body"] == body.decode()
    assert post(browser, action, b"f=" + b"x" * 72).json()["target"] == action


def test_a_second_press_at_the_same_time_sends_nothing_twice(gate: GatewayFixture, browser: Browser) -> None:
    _, action, token = ask(browser, post(browser))
    cookies = dict(browser.cookies.items())
    assert confirm(browser, action, token).status_code == 200
    with gate.browser() as other:
        other.cookies = cookies
        answer = confirm(other, action, token)
    assert answer.status_code == 410
    assert "al verstuurd" in answer.text
    assert len(sent(gate)) == 1


def test_files_are_kept_too(gate: GatewayFixture, browser: Browser) -> None:
    files = {"foto": ("a.png", bytes(range(256)) * 2_500, "image/png")}
    headers = browser.headers(PAGE | {"sec-fetch-site": "same-origin"})
    request = browser.client.build_request(
        "POST", gate.url + TARGET, data={"naam": "x"}, files=files, headers=headers
    )
    request.read()
    answer = browser.client.send(request)
    browser.take(answer)
    _, action, token = ask(browser, answer)
    assert confirm(browser, action, token).status_code == 200
    ((_, _, headers, body),) = sent(gate)
    assert body == request.content
    assert headers["content-type"] == request.headers["content-type"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY, {"sec-fetch-site": "cross-site", "origin": "https://evil.test"}),
        (BODY, {"origin": "https://evil.test"}),
        (BODY, {"sec-fetch-site": "same-site"}),
        (BODY, {"sec-fetch-mode": "cors", "accept": "application/json"}),
        (b"{}", {"content-type": "application/json"}),
    ],
    ids=["cross-site", "other-origin", "same-site", "background", "json"],
)
def test_what_is_not_kept(
    gate: GatewayFixture, browser: Browser, body: bytes, headers: dict[str, str]
) -> None:
    answer = post(browser, body=body, **headers)
    assert answer.status_code == 401
    assert not [name for name in browser.cookies if "form" in name]


def test_a_form_that_is_too_large_is_sent_again_by_the_browser(
    gate: GatewayFixture, browser: Browser
) -> None:
    for body in (b"x" * 700_001, iter([b"x" * 700_001])):
        answer = browser.post("/echo/a", content=body, headers=FORM | {"referer": f"{gate.url}/echo/form"})
        assert answer.status_code == 401
        assert "groter dan 0,7 MB" in answer.text
        assert 'href="/oauth2/start?rd=%2Fecho%2Fform" target="_blank"' in answer.text
    assert not [name for name in browser.cookies if "form" in name]
    assert sent(gate) == []


def test_a_form_in_chunks_is_kept(gate: GatewayFixture, browser: Browser) -> None:
    answer = browser.post("/echo/a", content=iter([b"a=", b"b" * 600_000]), headers=FORM)
    _, action, token = ask(browser, answer)
    assert confirm(browser, action, token).status_code == 200
    assert sent(gate)[0][3] == b"a=" + b"b" * 600_000


def test_coded_content_is_not_kept_without_its_coding(gate: GatewayFixture, browser: Browser) -> None:
    answer = post(browser, body=b"\x1f\x8b", **{"content-encoding": "gzip"})
    assert (answer.status_code, "form-" in str(answer.headers.get_list("set-cookie"))) == (401, False)
    _, action, token = ask(browser, post(browser))
    lines = {"content-encoding": "gzip", "content-digest": "sha-256=:x:", "trailer": "x"}
    assert confirm(browser, action, token, **lines).status_code == 200
    assert not set(lines) & set(sent(gate)[0][2])


def test_a_form_of_nobody_is_not_kept(gate: GatewayFixture) -> None:
    with gate.browser() as nobody:
        answer = post(nobody)
        assert answer.status_code == 401
        assert "omdat we niet weten wie het invulde" in answer.text


def notes(gate: GatewayFixture) -> int:
    with contextlib.closing(sqlite3.connect(gate.folder / "var" / "ti.db")) as database:
        return int(database.execute("SELECT count(*) FROM note").fetchone()[0])


def test_a_stranger_fills_nothing(gate: GatewayFixture, browser: Browser) -> None:
    before = notes(gate)
    issued = gate.gateway.areas.people.sessions._stored.new_ticket().text
    for ticket in ("x" * 43, issued):
        for _ in range(8):
            with gate.browser() as nobody:
                cookie = f"{gate.gateway.areas.people.sessions.cookie_name}={ticket}"
                answer = post(nobody, body=b"a=" + b"x" * 90_000, cookie=cookie)
            assert answer.status_code == 401
            assert "form-" not in str(answer.headers.get_list("set-cookie"))
    assert notes(gate) == before, "a ticket has to have had a session"
    found = ["-form-" in str(post(browser).headers.get_list("set-cookie")) for _ in range(8)]
    assert found == [True] * 5 + [False] * 3, "five for each person"
    assert "te veel formulieren" in post(browser).text
    browser.log_in()
    gate.clock.ahead += 2_401
    assert "te veel" not in post(browser).text, "places come free by themselves"


def test_who_had_a_session_is_known_over_the_weekend(gate: GatewayFixture, browser: Browser) -> None:
    gate.clock.ahead += 65 * 3_600
    ask(browser, post(browser))
    with gate.browser() as later:
        later.log_in()
        gate.clock.ahead += 83 * 3_600
        assert "niet weten wie" in post(later).text


def test_what_is_kept_cannot_be_read_in_the_store(gate: GatewayFixture, browser: Browser) -> None:
    kept(post(browser))
    files = [gate.folder / "var" / name for name in ("ti.db", "ti.db-wal")]
    with contextlib.closing(sqlite3.connect(gate.folder / "var" / "ti.db")) as reader:
        assert reader.execute("SELECT count(*) FROM note").fetchone()[0] > 0
    content = b"".join(file.read_bytes() for file in files if file.exists())
    assert b"secret-of-the-form" not in content
    assert b"meldingen" not in content


def test_another_browser_another_site_and_another_person_send_nothing(
    gate: GatewayFixture, browser: Browser
) -> None:
    _, action, token = ask(browser, post(browser))
    assert (
        confirm(
            browser, action, token, **{"sec-fetch-site": "cross-site", "origin": "https://evil.test"}
        ).status_code
        == 400
    )
    assert confirm(browser, action, "0" * 64).status_code == 400
    with gate.browser() as stranger:
        stranger.log_in()
        assert confirm(stranger, action, token).status_code == 410
        address = "/oauth2/resume?form=" + action[-20:]
        assert stranger.page(address).status_code == 410
    gate.op.subject, gate.op.claims["given_name"] = "mallory", "Mallory"
    browser.log_in()
    gate.op.subject, gate.op.claims["given_name"] = "alice", "Alice"
    for answer in (confirm(browser, action, token), browser.page("/oauth2/resume?form=" + action[-20:])):
        assert answer.status_code == 403
        assert "In deze browser wacht een formulier van iemand anders" in answer.text
        assert 'href="/oauth2/sign_out"' in answer.text
        assert "meldingen" not in answer.text
        assert "Alice" not in answer.text
    assert BODY not in [each[3] for each in sent(gate)]


def test_a_form_waits_half_an_hour(gate: GatewayFixture, browser: Browser) -> None:
    _, action, token = ask(browser, post(browser))
    gate.clock.ahead += 1_801
    browser.log_in()
    assert confirm(browser, action, token).status_code == 410
    assert browser.page("/oauth2/resume?form=" + action[-20:]).status_code == 410
    for odd in ("", "?form=", "?form=x", "?form=" + "0" * 20, "?form=%00"):
        assert browser.page(f"/oauth2/resume{odd}").status_code == 410


def test_a_session_that_ends_before_the_answer_leads_to_the_question_again(
    gate: GatewayFixture, browser: Browser
) -> None:
    _, action, token = ask(browser, post(browser))
    assert browser.post("/oauth2/logout/local", headers={"sec-fetch-site": "same-origin"}).status_code == 200
    _, again, token = ask(browser, confirm(browser, action, token))
    assert again == action
    assert confirm(browser, again, token).status_code == 200
    assert sent(gate)[0][3] == BODY


def test_the_rules_decide_over_what_is_sent(gate: GatewayFixture, browser: Browser) -> None:
    gate.op.claims["ovam_rol_3d"], before = [], gate.op.claims["ovam_rol_3d"]
    page, action, token = ask(browser, post(browser, "/filed/1"))
    gate.op.claims["ovam_rol_3d"] = before
    assert LABELS["nl"] in page
    answer = confirm(browser, action, token)
    assert answer.status_code == 403
    assert sent(gate) == []
    # What was refused waits still: with the right it is sent.
    browser.log_in()
    assert confirm(browser, action, token).status_code == 200
    assert len(sent(gate)) == 1


def test_a_form_is_sent_for_the_organisation_that_it_was_filled_in_for(
    gate: GatewayFixture, browser: Browser
) -> None:
    _, action, token = ask(browser, post(browser))
    gate.op.claims["vo_orgcode"], before = "0456789034", gate.op.claims["vo_orgcode"]
    browser.log_in()
    gate.op.claims["vo_orgcode"] = before
    for answer in (confirm(browser, action, token), browser.page("/oauth2/resume?form=" + action[-20:])):
        assert answer.status_code == 403
        assert "U vulde het in voor 0428.315.871" in answer.text
        assert 'href="/oauth2/switch?rd=%2Foauth2%2Fresume%3Fform%3D' in answer.text
    assert sent(gate) == []
    browser.log_in()
    assert confirm(browser, action, token).status_code == 200


def test_nothing_is_sent_for_an_organisation_that_the_provider_names_meanwhile(
    gate: GatewayFixture, browser: Browser
) -> None:
    _, action, token = ask(browser, post(browser))
    gate.clock.ahead += 1_510  # recheck and recheck_grace
    before = gate.op.claims["vo_orgcode"]
    gate.op.claims["vo_orgcode"] = "0777000187"
    answer = confirm(browser, action, token)
    # Nobody chose it: only a login makes it theirs.
    assert answer.status_code == 401
    assert "Meld u aan om uw formulier te versturen" in answer.text
    assert sent(gate) == []
    browser.log_in()
    gate.op.claims["vo_orgcode"] = before
    assert browser.call("/oauth2/userinfo").json()["organisation"]["code"] == "0777000187"
    shown = browser.page(f"/oauth2/resume?form={action[-20:]}")
    assert shown.status_code == 403, "it still waits"
    assert "0428.315.871" in shown.text
    assert sent(gate) == []


def test_a_login_that_fails_loses_no_form(gate: GatewayFixture, browser: Browser) -> None:
    link = kept(post(browser))
    back = browser.at_provider(browser.page(link))
    gate.op.answers["token"] = lambda _asked: JSONResponse({"access_token": "without an ID token"})
    failed = browser.page(back)
    gate.op.answers.clear()
    assert failed.status_code == 400
    assert "Uw formulier is bewaard" in failed.text
    assert re.search(r"Het is niet verstuurd. We bewaren het tot \d{1,2}([.]\d\d)? uur", failed.text)
    assert re.search(r'href="/oauth2/resume[?]form=[0-9a-f]{20}"', failed.text)


def test_a_form_that_needs_a_stronger_login_is_kept(gate: GatewayFixture) -> None:
    with gate.browser() as browser:
        browser.log_in()
        answer = post(browser, "/sterk/1")
        assert "acr_values=urn%3Abe" in kept(answer)
        assert "Meld u nog eens aan" in answer.text


def test_two_forms_in_two_tabs_do_not_mix(gate: GatewayFixture, browser: Browser) -> None:
    first, second = post(browser, "/echo/een", b"n=1"), post(browser, "/echo/twee", b"n=2")
    asked = [ask(browser, answer) for answer in (second, first)]
    for _, action, token in asked:
        assert confirm(browser, action, token).status_code == 200
    assert [(target, body) for _, target, _, body in sent(gate)] == [
        ("/echo/twee", b"n=2"),
        ("/echo/een", b"n=1"),
    ]
