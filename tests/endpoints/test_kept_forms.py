"""A form that meets an ended session: kept, sent once after the login, when the person says so."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import httpx2
import pytest

from gateway.session.ticket import new_ticket
from tests.gateway_fixture import PAGE, Browser, GatewayFixture, scripted_gateway

FORM = PAGE | {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
BODY = b"waarde=%C3%A9%26&code=secret-of-the-form"
TARGET = "/echo/meldingen?jaar=2026&q=%20x"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(
        tmp_path_factory.mktemp("resume"), session={"idle_timeout": "30m", "form_limit": 100_000}
    ) as found:
        yield found


@pytest.fixture
def browser(gate: GatewayFixture) -> Iterator[Browser]:
    """Somebody whose session just ended."""
    gate.upstream.seen.clear()
    with gate.browser() as found:
        found.log_in()
        gate.clock.ahead += 1_801
        yield found


def post(browser: Browser, target: str = TARGET, body: bytes = BODY, **headers: str) -> httpx2.Response:
    return browser.post(target, content=body, headers=FORM | headers)


def ask(browser: Browser, answer: httpx2.Response) -> tuple[str, str, str]:
    """Log in; (the page that asks, where its form goes, its token)."""
    done = browser.through_provider(answer)
    assert re.fullmatch(r"/oauth2/resume\?form=[0-9a-f]{20}", done.headers["location"])
    page = browser.page(done.headers["location"])
    assert page.status_code == 200
    action = re.search(r'action="([^"]+)"', page.text)
    token = re.search(r'name="token" value="([0-9a-f]{64})"', page.text)
    assert action
    assert token
    return page.text, action[1].replace("&amp;", "&"), token[1]


def confirm(browser: Browser, action: str, token: str, **headers: str) -> httpx2.Response:
    return browser.post(action, data={"token": token}, headers=FORM | headers)


def sent(gate: GatewayFixture) -> list[tuple[str, str, dict[str, str], bytes]]:
    return [each for each in gate.upstream.seen if each[0] == "POST"]


def test_a_form_is_sent_after_the_login_once(gate: GatewayFixture, browser: Browser) -> None:
    page, action, token = ask(browser, post(browser, referer=f"{gate.url}/echo/form"))
    assert sent(gate) == []
    assert "/echo/meldingen" in page
    assert "0428.315.871" in page
    assert "secret-of-the-form" not in page
    answer = confirm(browser, action, token)
    assert answer.status_code == 200
    ((_, target, headers, body),) = sent(gate)
    assert (target, body) == (TARGET, BODY)
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert headers["referer"] == f"{gate.url}/echo/form"
    assert headers["x-forwarded-user"] == "alice"
    assert not [name for name in browser.cookies if "form" in name]
    assert confirm(browser, action, token).json()["target"].endswith(action.partition("?")[2])
    assert [each[3] for each in sent(gate)].count(BODY) == 1


def test_a_second_press_at_the_same_time_sends_nothing_twice(gate: GatewayFixture, browser: Browser) -> None:
    _, action, token = ask(browser, post(browser))
    cookies = dict(browser.cookies.items())
    assert confirm(browser, action, token).status_code == 200
    with gate.browser() as other:
        other.cookies = cookies
        answer = confirm(other, action, token)
    assert answer.status_code == 410
    assert "niet meer bewaard" in answer.text
    assert len(sent(gate)) == 1


def test_files_are_kept_too(gate: GatewayFixture, browser: Browser) -> None:
    files = {"foto": ("a.png", bytes(range(256)) * 100, "image/png")}
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
        (b"x" * 100_001, {}),
    ],
    ids=["cross-site", "other-origin", "same-site", "background", "json", "too-large"],
)
def test_what_is_not_kept(
    gate: GatewayFixture, browser: Browser, body: bytes, headers: dict[str, str]
) -> None:
    answer = post(browser, body=body, **headers)
    assert answer.status_code == 401
    assert not [name for name in browser.cookies if "form" in name]


def test_a_form_of_nobody_is_not_kept(gate: GatewayFixture) -> None:
    with gate.browser() as nobody:
        assert post(nobody).status_code == 401


def test_a_stranger_fills_nothing(gate: GatewayFixture, browser: Browser) -> None:
    def stored() -> int:
        with sqlite3.connect(gate.folder / "var" / "ti.db") as database:
            return int(database.execute("SELECT count(*) FROM note").fetchone()[0])

    before = stored()
    for _ in range(30):
        cookie = f"{gate.gateway.sessions.cookie_name}={new_ticket()}"
        with gate.browser() as nobody:
            answer = post(nobody, body=b"a=" + b"x" * 90_000, cookie=cookie)
        assert "form-" not in str(answer.headers.get_list("set-cookie"))
    assert stored() == before
    kept = ["-form-" in str(post(browser).headers.get_list("set-cookie")) for _ in range(8)]
    assert kept == [True] * 5 + [False] * 3, "five for each session"


def test_what_is_kept_cannot_be_read_in_the_store(gate: GatewayFixture, browser: Browser) -> None:
    assert post(browser).status_code == 302
    files = [gate.folder / "var" / name for name in ("ti.db", "ti.db-wal")]
    with sqlite3.connect(gate.folder / "var" / "ti.db") as reader:
        assert reader.execute("SELECT count(*) FROM note").fetchone()[0] > 0
    reader.close()
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
    for odd in ("", "0" * 64, token[:-1], "é"):
        assert confirm(browser, action, odd).status_code == 400
    with gate.browser() as stranger:
        stranger.log_in()
        # Without the cookie of the form it is a request like any other, and no form of somebody else is sent.
        assert confirm(stranger, action, token).json()["body"] != BODY.decode()
        address = "/oauth2/resume?form=" + action[-20:]
        assert stranger.page(address).status_code == 410
    gate.op.subject = "mallory"
    browser.log_in()
    gate.op.subject = "alice"
    assert confirm(browser, action, token).status_code == 400
    assert BODY not in [each[3] for each in sent(gate)]


def test_a_form_waits_ten_minutes(gate: GatewayFixture, browser: Browser) -> None:
    _, action, token = ask(browser, post(browser))
    gate.clock.ahead += 601
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
    _, action, token = ask(browser, post(browser, "/filed/1"))
    gate.op.claims["ovam_rol_3d"] = before
    assert confirm(browser, action, token).status_code == 403
    assert sent(gate) == []


def test_two_forms_in_two_tabs_do_not_mix(gate: GatewayFixture, browser: Browser) -> None:
    first, second = post(browser, "/echo/een", b"n=1"), post(browser, "/echo/twee", b"n=2")
    asked = [ask(browser, answer) for answer in (second, first)]
    for _, action, token in asked:
        assert confirm(browser, action, token).status_code == 200
    assert [(target, body) for _, target, _, body in sent(gate)] == [
        ("/echo/twee", b"n=2"),
        ("/echo/een", b"n=1"),
    ]
