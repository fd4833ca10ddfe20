"""What the session bar is made of: its script, and what it asks the gateway."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway_fixture import Browser, GatewayFixture, scripted_gateway


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(
        tmp_path_factory.mktemp("bar"), session={"idle_timeout": "30m"}, session_bar={}
    ) as found:
        yield found


@pytest.fixture
def person(gate: GatewayFixture) -> Iterator[Browser]:
    with gate.browser() as found:
        found.log_in()
        yield found


def test_the_script_is_for_everybody_and_kept_by_browsers(gate: GatewayFixture) -> None:
    with gate.browser() as nobody:
        script = nobody.get("/oauth2/bar.js")
        assert script.status_code == 200
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"
        assert script.headers["cache-control"] == "public, max-age=300"
        assert script.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in script.headers
        for known in (script.headers["etag"], f'"x", W/{script.headers["etag"]}'):
            again = nobody.get("/oauth2/bar.js", headers={"if-none-match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == script.headers["etag"]
        assert nobody.get("/oauth2/bar.js", headers={"if-none-match": '"x"'}).status_code == 200


def test_it_says_who_and_how_long(person: Browser) -> None:
    answer = person.call("/oauth2/bar")
    found = answer.json()
    assert found["person"] == {
        "subject": "alice",
        "name": None,
        "organisation": {"code": "0428315871", "name": None},
    }
    assert found["active"] is True
    assert 1_790 <= found["idle_in_seconds"] <= 1_800
    assert answer.headers["cache-control"] == "no-store"


def test_asking_does_not_prolong_the_session(gate: GatewayFixture, person: Browser) -> None:
    gate.clock.ahead += 1_700
    assert person.call("/oauth2/bar").json()["idle_in_seconds"] <= 100
    gate.clock.ahead += 101
    answer = person.call("/oauth2/bar")
    assert (answer.status_code, answer.json()) == (200, {"active": False})


def test_without_the_setting_there_is_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    with scripted_gateway(tmp_path_factory.mktemp("none")) as gate, gate.browser() as person:
        person.log_in()
        for path in ("/oauth2/bar", "/oauth2/bar.js"):
            assert person.call(path).status_code == 404
