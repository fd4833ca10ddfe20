"""The header lines of a permission: which names Envoy must remove, and which it must not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.gateway_fixture import CALL, GatewayFixture, scripted_gateway


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(tmp_path_factory.mktemp("verdict"), fronts={"main": {"dialect": "envoy"}}) as found:
        yield found


RULES: list[Any] = [
    {"id": "plain", "match": {"path": "/public/**"}, "require": ["anyone"]},
    {
        "id": "changed",
        "match": {"path": "/changed/**"},
        "require": ["anyone"],
        "request_headers": {"set": {"X-Tenant": "a"}, "remove": ["prefer"]},
        "response_headers": {"set": {"X-Accel-Expires": "3600", "X-Frame-Options": "DENY"}},
        "cors": {"origins": ["https://app.example.be"]},
    },
]


def test_nginx_is_told_by_which_headers_to_tell_permissions_apart(tmp_path: Path) -> None:
    fronts = {"main": {"dialect": "nginx", "cache": "30s"}}
    with scripted_gateway(tmp_path, rules=RULES, fronts=fronts) as gate:

        def answer(target: str) -> httpx2.Response:
            said = {
                "x-original-method": "GET",
                "x-original-uri": target,
                "x-forwarded-for": "192.0.2.7",
                "prefer": "b",
            }
            headers = {**CALL, "host": f"localhost:{gate.port}", **said}
            return gate.client.get(f"http://127.0.0.1:{gate.fronts['main']}/auth", headers=headers)

        plain, changed = answer("/public/x").headers, answer("/changed/x").headers
    assert (plain["prefer"], plain.get_list("vary")) == ("b", ["prefer, x-tenant"])
    # what the rule itself says is the same for all
    assert (changed["prefer"], changed["x-tenant"], changed.get_list("vary")) == ("", "a", ["origin"])
    # how long a permission is kept is not for a rule to say
    assert changed.get_list("x-accel-expires") == plain.get_list("x-accel-expires") == ["29"]
    assert changed["x-frame-options"] == "DENY"


def test_what_no_client_may_say_is_not_said_for_it_where_another_rule_sets_it(tmp_path: Path) -> None:
    """Neither what passes for a header of a proxy, nor what `edge.request_headers.allow` leaves out."""
    named = {"set": {"X-Script-Name": "/a", "X-Tenant": "a"}, "remove": ["prefer"]}
    rules: list[Any] = [
        {"id": "plain", "match": {"path": "/public/**"}, "require": ["anyone"]},
        {"id": "named", "match": {"path": "/a/**"}, "require": ["anyone"], "request_headers": named},
    ]
    dialects = ("nginx", "haproxy", "traefik", "caddy", "envoy")
    fronts = {each: {"dialect": each} for each in dialects}
    edge = {"request_headers": {"allow": ["prefer"]}}
    with scripted_gateway(tmp_path, rules=rules, fronts=fronts, edge=edge) as gate:
        for dialect in dialects:
            host = f"localhost:{gate.port}"
            said = {
                **{f"x-{kind}-method": "GET" for kind in ("original", "forwarded")},
                **{f"x-{kind}-uri": "/public/x" for kind in ("original", "forwarded")},
                "host": host,
                "x-forwarded-host": host,
                "x-forwarded-for": "192.0.2.7",
                "prefer": "mine",
                "x-tenant": "mine",
                "x-script-name": "/forged",
            }
            path = "/auth/public/x" if dialect == "envoy" else "/auth"
            address = f"http://127.0.0.1:{gate.fronts[dialect]}{path}"
            found = gate.client.get(address, headers=CALL | said).headers
            assert found["prefer"] == "mine", dialect
            names = {"x-tenant", "x-script-name"}
            if dialect == "envoy":
                assert names <= set(found["x-envoy-auth-headers-to-remove"].split(","))
            else:
                assert [found[name] for name in names] == ["", ""], dialect


def test_a_header_of_a_request_says_nothing_about_the_permission(tmp_path: Path) -> None:
    """nginx obeys X-Accel-*, also an empty one, and adds one Cache-Control to the other for the register."""
    named = {"remove": ["X-Accel-Redirect", "Cache-Control"], "set": {"X-Accel-Buffering": "no"}}
    rules: list[Any] = [
        {"id": "named", "match": {"path": "/a/**"}, "require": ["anyone"], "request_headers": named},
        {"id": "plain", "match": {"path": "/**"}, "require": ["anyone"]},
    ]
    with scripted_gateway(tmp_path, rules=rules, fronts={"main": {"dialect": "nginx"}}) as gate:
        for target in ("/a/x", "/b"):
            said = {
                "host": f"localhost:{gate.port}",
                "x-original-method": "GET",
                "x-original-uri": target,
                "x-forwarded-for": "192.0.2.7",
                "x-accel-redirect": "/robots.txt",
                "cache-control": "max-age=0",
            }
            found = gate.client.get(f"http://127.0.0.1:{gate.fronts['main']}/auth", headers=CALL | said)
            assert found.status_code == 200
            assert {name for name in found.headers if name.startswith("x-accel-")} == {"x-accel-expires"}
            own = "" if target == "/a/x" else "max-age=0"
            assert found.headers.get_list("cache-control") == [own]


def removed(gate: GatewayFixture, **headers: str) -> set[str]:
    said = {**CALL, "host": f"localhost:{gate.port}", "x-forwarded-for": "192.0.2.7", **headers}
    answer = gate.client.get(f"http://127.0.0.1:{gate.fronts['main']}/auth/public/x", headers=said)
    assert answer.status_code == 200
    return set(answer.headers["x-envoy-auth-headers-to-remove"].split(","))


def test_every_spelling_of_an_identity_goes(gate: GatewayFixture) -> None:
    names = [
        "x_auth_rights",
        "x.auth.rights",
        "http_x_auth_rights",
        "remote-user",
        "x-remote-groups",
        "oidc_claim_sub",
    ]
    assert set(names) <= removed(gate, **dict.fromkeys(names, "forged"))


def test_so_does_what_only_a_proxy_may_say(gate: GatewayFixture) -> None:
    names = ["x-real-ip", "x-rewrite-url", "x-http-method-override", "forwarded", "x-original-url"]
    assert set(names) <= removed(gate, **dict.fromkeys(names, "x"))


def test_what_the_permission_says_itself_stays(gate: GatewayFixture) -> None:
    """Envoy sets first and removes then: a client must not be able to take away where its request goes."""
    assert "x-toegangspoort-upstream" not in removed(gate, **{"x-toegangspoort-upstream": "other"})


def test_what_envoy_writes_and_needs_stays(gate: GatewayFixture) -> None:
    needed = {
        "x-forwarded-proto": "https",
        "x-request-id": "abc",
        "x-envoy-external-address": "192.0.2.7",
        "te": "trailers",
    }
    found = removed(gate, **needed, **{"accept-encoding": "gzip", "range": "bytes=0-1"})
    assert not found.intersection(
        {*needed, "x-forwarded-for", "host", "connection", "accept", "accept-encoding", "range"}
    )
