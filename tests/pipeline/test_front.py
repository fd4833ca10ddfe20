"""What each front is answered, in octets: permissions, refusals, pages, and what must never pass for a permission."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx2
import pytest

from tests.gateway_fixture import CALL, OPEN_RULES, PAGE, RIGHTS, Browser, GatewayFixture, scripted_gateway
from tests.pipeline.grpc_check import check
from tests.upstream.raw_client import converse
from tests.waiting import until

DIALECTS = ("nginx", "haproxy", "traefik", "caddy", "envoy", "envoy-grpc")
WHOLE = ("traefik", "caddy", "envoy", "envoy-grpc")
FORM = PAGE | {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
RULES: list[Any] = [
    {"id": "moved", "match": {"path": "/moved"}, "redirect": {"to": "/public/here"}, "require": ["anyone"]},
    {
        "id": "common",
        "match": {"path": "/common/**"},
        "require": ["anyone"],
        "upstream": "other",
        "cors": {"origins": ["https://app.example.be"]},
        "request_headers": {"set": {"X-Tenant": "t"}, "remove": ["Accept-Language"]},
        "response_headers": {"set": {"X-Frame-Options": "DENY"}},
    },
    *OPEN_RULES,
]


@dataclass
class Asking:
    """A front that asks as its dialect says."""

    gateway: GatewayFixture
    dialect: str
    page: bool = False

    def __call__(
        self, target: str, method: str = "GET", headers: dict[str, str] | None = None, content: bytes = b""
    ) -> httpx2.Response:
        port = self.gateway.fronts[self.dialect]
        said = {**(headers or {}), "x-forwarded-for": "192.0.2.7", "host": self.host}
        if self.dialect == "envoy-grpc":
            return check(port, method, target, said)
        path, sent = "/page" if self.page else "/auth", method if self.page else "GET"
        if self.dialect in ("nginx", "haproxy", "old", "closed"):
            said |= {"x-original-method": method, "x-original-uri": target}
        elif self.dialect == "envoy":
            path, sent = f"/auth{target}", method
        else:
            said |= {"x-forwarded-method": method, "x-forwarded-uri": target, "x-forwarded-host": self.host}
        return self.gateway.client.request(
            sent, f"http://127.0.0.1:{port}{path}", headers=said, content=content
        )

    @property
    def envoy(self) -> bool:
        """Whether it removes the headers that it is told."""
        return self.dialect.startswith("envoy")

    @property
    def host(self) -> str:
        return f"localhost:{self.gateway.port}"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(
        tmp_path_factory.mktemp("fronts"),
        rules=RULES,
        fronts={
            **{each: {"dialect": each} for each in DIALECTS},
            "old": {"dialect": "nginx", "allow_status": 202},
            "closed": {"dialect": "nginx", "peers": ["192.0.2.1/32"]},
        },
        upstreams={"other": {"url": "http://127.0.0.1:9", "headers": {"X-Api-Key": "k"}}},
    ) as found:
        yield found


@pytest.fixture(params=DIALECTS)
def asking(request: pytest.FixtureRequest, gate: GatewayFixture) -> Asking:
    return Asking(gate, request.param)


@pytest.fixture(params=WHOLE)
def whole(request: pytest.FixtureRequest, gate: GatewayFixture) -> Asking:
    return Asking(gate, request.param)


@pytest.fixture
def alice(gate: GatewayFixture) -> Iterator[Browser]:
    gate.op.claims.update(RIGHTS)
    with gate.browser() as found:
        found.log_in()
        yield found


def test_a_permission_has_every_header_in_place_of_the_clients(asking: Asking, alice: Browser) -> None:
    cookie = f"{alice.headers(None)['cookie']}; JSESSIONID=j"
    for authorization in ("", "Basic eA=="):
        given = {"cookie": cookie, **({"authorization": authorization} if authorization else {})}
        answer = asking("/filed/1", headers=CALL | given)
        assert (answer.status_code, answer.content) == (200, b"")
        found = answer.headers
        assert (found["x-forwarded-user"], found["x-auth-organisation"]) == ("alice", "0428315871")
        assert found["x-toegangspoort-assertion"].count(".") == 2
        assert found["cookie"] == "JSESSIONID=j"
        assert found["x-toegangspoort-upstream"] == "default"
        assert found.get("authorization", "") == authorization
        # nothing for names that have no value here, nor the key of another upstream
        empty = [name for name in ("x-auth-name", "x-api-key") if found.get(name) == ""]
        removed = found.get("x-envoy-auth-headers-to-remove", "").split(",")
        for name in ("x-auth-name", "x-api-key"):
            assert (name in removed) if asking.envoy else (name in empty)
        (record,) = asking.gateway.records_with(found["x-request-id"])
        assert (record["rule"], record["status"], record["client"]) == ("filed", 200, "192.0.2.7")


def test_anyone_gets_empty_identity_headers(asking: Asking) -> None:
    answer = asking("/public/x", headers=CALL)
    assert answer.status_code == 200
    names = ("x-forwarded-user", "x-auth-rights", "x-toegangspoort-assertion", "cookie")
    if asking.envoy:
        assert set(names) <= set(answer.headers["x-envoy-auth-headers-to-remove"].split(","))
    else:
        assert [answer.headers[name] for name in names] == [""] * len(names)


def test_settings_of_the_rule_and_its_upstream_go_along(asking: Asking) -> None:
    answer = asking("/common/x", headers=CALL | {"origin": "https://app.example.be"})
    found = answer.headers
    assert (answer.status_code, found["x-toegangspoort-upstream"]) == (200, "other")
    assert (found["x-tenant"], found["x-api-key"], found["x-frame-options"]) == ("t", "k", "DENY")
    assert found["access-control-allow-origin"] == "https://app.example.be"
    if asking.envoy:
        assert "accept-language" in found["x-envoy-auth-headers-to-remove"].split(",")
    else:
        assert found["accept-language"] == ""


def test_what_a_front_cannot_remove_is_refused(asking: Asking) -> None:
    for name in ("x_auth_rights", "remote-user", "x-auth-rights", "x-forwarded-user"):
        answer = asking("/public/x", headers=CALL | {name: "forged"})
        if asking.envoy:
            assert name in answer.headers["x-envoy-auth-headers-to-remove"].split(",")
        elif asking.dialect != "nginx":
            assert answer.status_code == (400 if asking.dialect in WHOLE else 403), name
            continue
        assert answer.status_code == 200


def test_what_only_another_rule_changes_is_the_clients_own(asking: Asking) -> None:
    """A front knows one list of names, and takes each from the answer."""
    found = asking("/public/x", headers=CALL | {"accept-language": "fr", "x-tenant": "mine"}).headers
    assert (found["accept-language"], found["x-tenant"]) == ("fr", "mine")
    without = asking("/public/x", headers=CALL).headers
    assert without.get("x-tenant", "") == ""


def test_what_would_pass_for_a_header_of_a_proxy_is_refused(asking: Asking) -> None:
    for name in ("x_forwarded_for", "x-original-url", "transfer_encoding"):
        answer = asking("/public/x", headers=CALL | {name: "forged"})
        if asking.envoy:
            assert name in answer.headers["x-envoy-auth-headers-to-remove"].split(",")
        elif asking.dialect != "nginx":
            assert answer.status_code == (400 if asking.dialect in WHOLE else 403), name
            continue
        assert answer.status_code == 200


def test_another_protocol_is_not_allowed(asking: Asking) -> None:
    h2c = {"upgrade": "h2c", "connection": "upgrade", "http2-settings": "AAMAAABkAARAAAAAAAIAAAAA"}
    answer = asking("/public/x", headers=CALL | h2c)
    # nginx and Envoy keep it to themselves
    assert answer.status_code == {"nginx": 200, "haproxy": 403}.get(
        asking.dialect, 200 if asking.envoy else 400
    )


def test_what_the_public_listener_takes_for_no_target_is_refused(asking: Asking) -> None:
    """Octets outside ASCII, which nginx and Traefik pass on in a query as they come."""
    target = "/public/x?a=\u00e9"
    octets = f"GET {target} HTTP/1.1\r\nHost: {asking.host}\r\n\r\n".encode()
    assert converse(asking.gateway.port, octets).answers[0].status == 400
    if asking.dialect == "envoy":
        # It says the target in the request line, as a client does.
        octets = octets.replace(b"GET ", b"GET /auth")
        assert converse(asking.gateway.fronts["envoy"], octets).answers[0].status == 400
        return
    if asking.dialect == "envoy-grpc":
        answer = asking(target, headers=CALL)
    else:
        said = {"x-forwarded-for": "192.0.2.7", "host": asking.host, "x-forwarded-host": asking.host}
        said |= {"x-original-method": "GET", "x-forwarded-method": "GET"}
        lines = [(name.encode(), value.encode()) for name, value in (CALL | said).items()]
        lines += [(name, target.encode()) for name in (b"x-original-uri", b"x-forwarded-uri")]
        port = asking.gateway.fronts[asking.dialect]
        answer = asking.gateway.client.get(f"http://127.0.0.1:{port}/auth", headers=lines)
    assert answer.status_code == (400 if asking.dialect in WHOLE else 403)
    (record,) = asking.gateway.records_with(answer.headers["x-request-id"])
    assert record["reason"] == "query-character"


def test_a_refusal_in_whole(whole: Asking) -> None:
    page = whole("/filed/1", headers=PAGE)
    assert page.status_code == 302
    assert page.headers["location"].startswith(whole.gateway.op.issuer)
    assert "set-cookie" in page.headers
    problem = whole("/filed/1", headers=CALL)
    assert (problem.status_code, problem.json()["code"]) == (401, "login-required")
    moved = whole("/moved", headers=CALL)
    assert (moved.status_code, moved.headers["location"]) == (302, "/public/here")
    twisted = whole("/public/..%2ffiled/1", headers=CALL)
    assert twisted.status_code == 400


def test_a_refusal_says_nothing_about_the_connection(whole: Asking) -> None:
    """Envoy would wait for what follows an Upgrade."""
    old = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
           "sec-websocket-version": "8"}  # fmt: skip
    refused = whole("/public/x", headers=CALL | old)
    assert (refused.status_code, refused.headers["sec-websocket-version"]) == (426, "13")
    assert "upgrade" not in refused.headers


@pytest.mark.parametrize("dialect", ["nginx", "haproxy"])
def test_a_refusal_in_brief_and_its_page(gate: GatewayFixture, dialect: str) -> None:
    verdict, page = Asking(gate, dialect), Asking(gate, dialect, page=True)
    answer = verdict("/filed/1", headers=PAGE)
    assert (answer.status_code, answer.content) == (401, b"")
    assert "set-cookie" not in answer.headers
    assert "location" not in answer.headers
    shown = page("/filed/1", headers=PAGE | {"x-verdict-id": answer.headers["x-request-id"]})
    assert shown.status_code == 302
    assert "-flow-" in shown.headers["set-cookie"]
    assert shown.headers["x-request-id"] == answer.headers["x-request-id"]
    # two answers, one record
    (record,) = gate.records_with(answer.headers["x-request-id"])
    assert (record["rule"], record["status"], record["error"]) == ("filed", 401, "login-required")
    for target, status, told in (
        ("/moved", 302, 403),
        ("/oauth2/start", 404, 403),
        ("/public/%2e%2e/x", 400, 403),
    ):
        assert verdict(target, headers=CALL).status_code == told
        assert page(target, headers=CALL).status_code == status


def test_the_page_of_what_is_allowed_by_now_leads_back(gate: GatewayFixture) -> None:
    gate.upstream.seen.clear()
    page = Asking(gate, "nginx", page=True)
    answer = page("/public/x?y", headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/public/x?y")
    forged = Asking(gate, "haproxy", page=True)("/public/x", headers=PAGE | {"x_auth_rights": "forged"})
    assert forged.status_code == 400
    answer = page("/public/x", "POST", FORM, b"a=b")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert not gate.upstream.seen


def test_no_other_answer_passes_for_a_permission(asking: Asking, alice: Browser) -> None:
    """A preflight and a call of JSF that is refused have a status of success, as without a front."""
    preflight = {
        "origin": "https://app.example.be",
        "access-control-request-method": "GET",
    }
    answer = asking("/common/x", "OPTIONS", preflight)
    if asking.envoy:
        # it takes 200 alone for a permission, so that the client gets this
        assert (answer.status_code, answer.headers["access-control-allow-methods"]) == (204, "GET")
    else:
        assert answer.status_code == 403
    faces = CALL | {"faces-request": "partial/ajax", "content-type": "application/x-www-form-urlencoded"}
    assert asking("/filed/1", "POST", faces).status_code in (401, 403)
    asking.gateway.op.claims["ovam_rol_3d"] = []
    with asking.gateway.browser() as other:
        other.log_in()
        assert asking("/filed/1", "POST", other.headers(faces)).status_code == 403


@pytest.mark.parametrize("target", ["%2Fpublic/x", "*", "", "public/x", "%2e/public/x"])
def test_a_target_that_begins_with_no_slash_asks_nothing(gate: GatewayFixture, target: str) -> None:
    """Over gRPC it comes as it is; over HTTP such a question has another path."""
    for dialect in ("envoy", "envoy-grpc"):
        assert Asking(gate, dialect)(target).status_code == 404


def test_the_page_gives_answers_of_success(gate: GatewayFixture) -> None:
    page = Asking(gate, "nginx", page=True)
    preflight = {"origin": "https://app.example.be", "access-control-request-method": "GET"}
    answer = page("/common/x", "OPTIONS", preflight)
    assert (answer.status_code, answer.headers["access-control-allow-methods"]) == (204, "GET")
    faces = CALL | {"faces-request": "partial/ajax", "content-type": "application/x-www-form-urlencoded"}
    answer = page("/filed/1", "POST", faces, b"a=b")
    assert answer.status_code == 200
    assert "<redirect url=" in answer.text


def test_a_form_is_kept_by_the_page_and_sent_from_there(gate: GatewayFixture, alice: Browser) -> None:
    verdict, page = Asking(gate, "nginx"), Asking(gate, "nginx", page=True)
    gate.clock.ahead += 1_801
    body = b"waarde=1"
    refused = verdict("/filed/new", "POST", alice.headers(FORM))
    assert refused.status_code == 401
    shown = page("/filed/new", "POST", alice.headers(FORM), body)
    assert shown.status_code == 401
    alice.take(shown)
    link = re.search(r'href="(/oauth2/start[?]rd=%2Foauth2%2Fresume[^"]*)"', shown.text)
    assert link
    done = alice.through_provider(alice.page(unescape(link[1])))
    asked = alice.page(done.headers["location"])
    action, token = re.search(r'action="([^"]+)"', asked.text), re.search(r'"([0-9a-f]{64})"', asked.text)
    assert action
    assert token
    gate.upstream.seen.clear()
    confirmation = unescape(action[1]), "POST", alice.headers(FORM)
    told = verdict(*confirmation)
    assert told.status_code == 403
    sent = page(*confirmation, f"tgp-token={token[1]}".encode())
    assert sent.status_code == 200
    ((method, target, _, content),) = gate.upstream.seen
    assert (method, target, content) == ("POST", "/filed/new", body)
    (record,) = gate.records_with(sent.headers["x-request-id"])
    assert (record["rule"], record["status"]) == ("filed", 200)
    for again in Asking(gate, "caddy"), Asking(gate, "envoy"):
        assert again(*confirmation).status_code == 400


def test_without_a_body_no_form_is_kept(whole: Asking, alice: Browser) -> None:
    whole.gateway.clock.ahead += 1_801
    shown = whole("/filed/new", "POST", alice.headers(FORM))
    assert shown.status_code == 401
    assert "tgp-form" not in shown.text
    assert not any("form-" in line for line in shown.headers.get_list("set-cookie"))


def test_others_are_not_believed(gate: GatewayFixture) -> None:
    assert Asking(gate, "closed")("/public/x").status_code == 403
    assert Asking(gate, "old")("/public/x", headers=CALL).status_code == 202
    nginx = f"http://127.0.0.1:{gate.fronts['nginx']}"
    assert gate.client.get(f"{nginx}/filed/1").status_code == 404
    unsaid = gate.client.get(f"{nginx}/auth", headers={"x-original-method": "GET"})
    assert unsaid.status_code == 500
    lies = {"x-original-method": "GET", "x-original-uri": "/public/x"}
    assert gate.client.get(f"{gate.url}/filed/1", headers=CALL | lies).status_code == 401
    assert gate.client.get(f"{gate.url}/auth", headers=CALL | lies).status_code == 401


def test_a_question_counts_as_use_of_the_session(asking: Asking, alice: Browser) -> None:
    def idle() -> int:
        left: int = alice.call("/oauth2/session").json()["idle_in_seconds"]
        return left

    asking.gateway.clock.ahead += 1_000
    assert idle() <= 800
    assert asking("/filed/1", headers=alice.headers(CALL)).status_code == 200
    assert until(lambda: idle() >= 1_790)
    asking.gateway.clock.ahead += 1_801
    assert asking("/filed/1", headers=alice.headers(CALL)).status_code == 401
