"""What fronts say about the requests that they have before them."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.caching.known_lines import RepeatedLines
from gateway.edge.fronts import Front, verdict_id
from gateway.edge.settings import FrontSettings
from gateway.errors import InternalFault
from tests.edge.admitting import scope

SAID = {
    "nginx": {"X-Original-Method": "PUT", "X-Original-URI": "/a%2Fb?c=d", "Host": "gw.test"},
    "haproxy": {"X-Original-Method": "PUT", "X-Original-URI": "/a%2Fb?c=d", "Host": "gw.test"},
    "traefik": {"X-Forwarded-Method": "PUT", "X-Forwarded-Uri": "/a%2Fb?c=d", "X-Forwarded-Host": "gw.test"},
    "caddy": {"X-Forwarded-Method": "PUT", "X-Forwarded-Uri": "/a%2Fb?c=d", "X-Forwarded-Host": "gw.test"},
    "envoy": {"Host": "gw.test"},
}


def front(dialect: str, **settings: Any) -> Front:
    usual = {"listen": "127.0.0.1:8002", "dialect": dialect, "peers": ["10.0.0.0/8"]}
    return Front("main", FrontSettings.model_validate({**usual, **settings}), ())


def question(dialect: str, *further: tuple[str, str], without: str = "") -> Any:
    lines = [line for line in SAID[dialect].items() if line[0] != without]
    target, method = ("/auth/a%2Fb?c=d", "PUT") if dialect == "envoy" else ("/auth", "GET")
    asked = scope(
        *lines, ("X-Forwarded-For", "192.0.2.7"), *further, target=target, method=method, peer="10.1.1.1"
    )
    return {**asked, "extensions": {"x": 1}}


@pytest.mark.parametrize("dialect", SAID)
def test_the_request_before_the_front(dialect: str) -> None:
    asked = front(dialect).asked(question(dialect, ("Cookie", "a=b"), ("Content-Length", "0")), "verdict")
    assert (asked["method"], asked["raw_target"]) == ("PUT", b"/a%2Fb?c=d")
    assert (asked["path"], asked["query_string"]) == ("/a%2Fb", b"c=d")
    assert asked["client"][0] == "192.0.2.7"
    lines = [line for line in asked["headers"] if line[0] in (b"host", b"cookie", b"content-length")]
    assert lines == [(b"host", b"gw.test"), (b"cookie", b"a=b")]
    assert "extensions" not in asked


@pytest.mark.parametrize("dialect", SAID)
def test_lines_that_come_again_ask_about_the_same_lines(dialect: str) -> None:
    """What follows from them is kept beside them; the request line of a question may be another one."""
    desk, asked = front(dialect), question(dialect, ("Cookie", "a=b"), ("Content-Length", "0"))
    asked["headers"] = RepeatedLines(asked["headers"])
    first = desk.asked(asked, "verdict")
    assert first == front(dialect).asked({**asked, "headers": list(asked["headers"])}, "verdict") | {
        "headers": first["headers"]
    }
    other = desk.asked({**asked, "method": "DELETE", "raw_target": b"/auth/other"}, "verdict")
    assert type(first["headers"]) is RepeatedLines
    assert other["headers"] is first["headers"]
    expected = ("DELETE", b"/other") if dialect == "envoy" else ("PUT", b"/a%2Fb?c=d")
    assert (other["method"], other["raw_target"]) == expected
    # The page has the body's framing; a verdict has none.
    assert (b"content-length", b"0") in desk.asked(asked, "page")["headers"]


@pytest.mark.parametrize(("dialect", "name"), [(each, name) for each, said in SAID.items() for name in said])
def test_what_is_not_said_once_is_a_fault_of_the_front(dialect: str, name: str) -> None:
    with pytest.raises(InternalFault) as missing:
        front(dialect).asked(question(dialect, without=name), "verdict")
    assert f"'main' must say {name.lower()} once, and says it 0 times" in missing.value.detail
    with pytest.raises(InternalFault):
        front(dialect).asked(question(dialect, (name, "/public/x")), "verdict")


@pytest.mark.parametrize("dialect", ["nginx", "haproxy", "envoy"])
def test_other_dialects_say_nothing(dialect: str) -> None:
    others = SAID["traefik"] if dialect != "traefik" else SAID["nginx"]
    found = front(dialect).asked(question(dialect, *others.items()), "verdict")
    assert (found["method"], found["raw_target"]) == ("PUT", b"/a%2Fb?c=d")


def test_a_body_is_that_of_the_page_alone() -> None:
    length = ("Content-Length", "7")
    assert (b"content-length", b"7") in front("nginx").asked(question("nginx", length), "page")["headers"]


def test_a_client_that_the_front_does_not_name_is_unknown() -> None:
    lines = tuple(SAID["nginx"].items())
    asked = front("nginx").asked(scope(*lines, target="/auth", peer="10.1.1.1"), "verdict")
    assert asked["client"][0] == "unknown"


@pytest.mark.parametrize(
    ("peer", "believed"), [("10.1.1.1", True), ("::ffff:10.1.1.1", True), ("192.0.2.1", False)]
)
def test_peers_are_believed_and_nobody_else(peer: str, believed: bool) -> None:
    assert front("nginx").believes(scope(peer=peer)) is believed
    assert not front("nginx").believes({"client": None})


def test_who_may_use_the_socket_may_ask() -> None:
    assert front("nginx", listen="unix:/run/x.sock", peers=[]).believes({"client": None})


@pytest.mark.parametrize(
    ("dialect", "path", "kind"),
    [
        ("nginx", "/auth", "verdict"),
        ("nginx", "/oauth2/auth", "verdict"),
        ("nginx", "/page", "page"),
        ("nginx", "/auth/", None),
        ("nginx", "/", None),
        ("haproxy", "/page", "page"),
        ("traefik", "/auth", "verdict"),
        ("traefik", "/authz/forward-auth", "verdict"),
        ("traefik", "/page", None),
        ("caddy", "/x", None),
        ("envoy", "/auth/x", "verdict"),
        ("envoy", "/authz/ext-authz/x", "verdict"),
        ("envoy", "/auth", None),
        ("envoy", "/page", None),
    ],
)
def test_what_is_asked_where(dialect: str, path: str, kind: str | None) -> None:
    assert front(dialect).kind(path) == kind


@pytest.mark.parametrize(
    ("dialect", "allowing"),
    [("nginx", [200, 202, 204]), ("traefik", [200, 204]), ("caddy", [200, 204]), ("envoy", [200])],
)
def test_which_status_lets_a_request_through(dialect: str, allowing: list[int]) -> None:
    found = [status for status in (200, 202, 204, 302, 401, 403, 503) if front(dialect).allows(status)]
    assert set(allowing) <= set(found)
    assert all(status < 300 for status in found)


def test_a_websocket_is_known_by_its_key() -> None:
    """Traefik and Envoy keep Upgrade to themselves."""
    key = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    asked = front("traefik").asked(question("traefik", key, ("Connection", "close")), "verdict")
    hop = [line for line in asked["headers"] if line[0] in (b"connection", b"upgrade")]
    assert hop == [(b"connection", b"upgrade"), (b"upgrade", b"websocket")]


@pytest.mark.parametrize(
    ("values", "found"),
    [(["a" * 32], "a" * 32), (["a" * 32] * 2, ""), (["x"], ""), ([], ""), (["A" * 32], "")],
)
def test_the_id_of_a_verdict(values: list[str], found: str) -> None:
    assert verdict_id(scope(*(("X-Verdict-Id", value) for value in values))) == found
