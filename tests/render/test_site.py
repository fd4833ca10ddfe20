"""What a site is made of, and what can't be carried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.config import ConfigError
from gateway.render.address import Endpoint
from gateway.render.errors import NotRendered
from gateway.render.site import GatewayListeners, Options, front_site
from tests.render.place import FRONTS, SOCKET, UPSTREAMS, configuration


def test_everything_that_the_register_gets_is_named(tmp_path: Path) -> None:
    found = front_site(configuration(tmp_path, upstreams={**UPSTREAMS, **SOCKET}), "ti", "nginx", Options())
    names = {name.lower() for name in found.replaced}
    assert names >= {
        "x-forwarded-user", "x-auth-rights", "x-toegangspoort-assertion", "x-api-key", "x-tenant", "accept-language",
    }  # fmt: skip
    passed = {name.lower() for name in found.passed}
    assert "accept" in passed
    assert not passed & names
    assert not passed & {"cookie", "authorization", "connection", "x-forwarded-for"}
    assert {"x-frame-options", "access-control-allow-origin"} <= set(found.told)
    assert [each.name for each in found.registers] == ["default", "reports", "files"]
    assert found.registers[1].host == "reports.internal"
    assert (found.cors, found.websocket, found.tls) == (True, True, None)


def test_an_allow_list_is_the_whole_list(tmp_path: Path) -> None:
    config = configuration(tmp_path, edge={"request_headers": {"allow": ["accept", "x-own"]}})
    assert front_site(config, "ti", "nginx", Options()).passed == (
        "Content-Type",
        "Content-Encoding",
        "accept",
        "x-own",
    )


def test_the_front_is_the_only_one_of_its_kind_or_named(tmp_path: Path) -> None:
    second = {**FRONTS["nginx"], "listen": "127.0.0.1:8102"}
    config = configuration(tmp_path, fronts={**FRONTS, "second": second})
    assert front_site(config, "ti", "envoy", Options()).front == "envoy"
    assert front_site(config, "ti", "nginx", Options(front="second")).front == "second"
    with pytest.raises(
        NotRendered, match="2 fronts with `dialect: nginx`: name one with --front: nginx, second"
    ):
        front_site(config, "ti", "nginx", Options())
    with pytest.raises(NotRendered, match="has 'envoy' as a front for envoy: name one"):
        front_site(config, "ti", "nginx", Options(front="envoy"))
    with pytest.raises(NotRendered, match="has no front 'third'"):
        front_site(config, "ti", "nginx", Options(front="third"))
    with pytest.raises(ConfigError):
        front_site(config, "prd", "nginx", Options())
    alone = configuration(tmp_path, fronts={"envoy": FRONTS["envoy"]})
    with pytest.raises(NotRendered, match="no fronts with `dialect: nginx`: add one under `fronts:`"):
        front_site(alone, "ti", "nginx", Options())


def test_several_gateways(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    found = front_site(
        config, "ti", "nginx", Options(gateways=("10.0.0.1", "10.0.0.2:80,unix:/run/front.sock"))
    )
    assert found.gateways == (
        GatewayListeners(Endpoint("10.0.0.1", 8000), Endpoint("10.0.0.1", 8002)),
        GatewayListeners(Endpoint("10.0.0.2", 80), Endpoint("", 0, "/run/front.sock")),
    )
    with pytest.raises(NotRendered, match="named twice"):
        front_site(config, "ti", "nginx", Options(gateways=("10.0.0.1", "10.0.0.1")))


def test_all_addresses_are_no_address_to_ask_at(tmp_path: Path) -> None:
    config = configuration(tmp_path, listen="0.0.0.0:8000")
    with pytest.raises(NotRendered, match=r"`listen` is 0\.0\.0\.0:8000, all addresses.*--gateway HOST"):
        front_site(config, "ti", "nginx", Options())
    assert front_site(config, "ti", "nginx", Options(gateways=("10.0.0.1",))).gateways[0].public.port == 8000


def test_a_socket_is_on_one_machine(tmp_path: Path) -> None:
    fronts = {"main": {"listen": "unix:/run/tgp/front.sock", "dialect": "nginx"}}
    config = configuration(tmp_path, fronts=fronts)
    assert front_site(config, "ti", "nginx", Options()).gateways[0].verdicts.socket == "/run/tgp/front.sock"
    with pytest.raises(NotRendered, match="a unix socket is on one machine"):
        front_site(config, "ti", "nginx", Options(gateways=("10.0.0.1",)))


def test_names_that_fronts_cannot_carry_are_refused(tmp_path: Path) -> None:
    config = configuration(tmp_path, identity={"headers": {"X-Auth.User": "subject"}})
    with pytest.raises(NotRendered, match=r"X-Auth\.User has signs"):
        front_site(config, "ti", "nginx", Options())


@pytest.mark.parametrize(
    ("upstream", "says"),
    [({"servers": ["http://127.0.0.1:1", "https://127.0.0.1:2"]}, "servers with http and with https")],
)
def test_upstreams_that_fronts_cannot_carry_are_refused(
    tmp_path: Path, upstream: dict[str, Any], says: str
) -> None:
    config = configuration(tmp_path, upstreams={**UPSTREAMS, "other": upstream})
    with pytest.raises(NotRendered, match=says):
        front_site(config, "ti", "nginx", Options())


@pytest.mark.parametrize(
    "options", [Options(listen="unix:/run/front.sock"), Options(inner="unix:/run/in.sock")]
)
def test_a_front_does_not_listen_at_a_socket(tmp_path: Path, options: Options) -> None:
    with pytest.raises(NotRendered, match="listens at HOST:PORT, not at unix:/run"):
        front_site(configuration(tmp_path), "ti", "caddy", options)


def test_https_has_a_certificate(tmp_path: Path) -> None:
    config = configuration(
        tmp_path, public_url="https://register.example.be", edge={"hosts": ["other.example.be:8443"]}
    )
    found = front_site(config, "ti", "nginx", Options(key="/tls/k"))
    assert found.names == ("register.example.be", "other.example.be")
    assert found.port == 443
    assert found.tls is not None
    assert (found.tls.certificate, found.tls.key) == ("/etc/toegangspoort/tls/ti.crt", "/tls/k")
    assert found.cookie == "__Host-tgp-ti-session"


@pytest.mark.parametrize("engine", ["nginx", "envoy", "caddy", "traefik", "haproxy"])
def test_one_name_for_the_register_and_for_the_client_is_refused(tmp_path: Path, engine: str) -> None:
    """A client would be told what is for the register, or its own Cache-Control in place of the register's."""
    for request, answer, name in (
        ({"remove": ["cache-control"]}, {"Cache-Control": "max-age=60"}, "cache-control"),
        ({"set": {"X-Env": "inside"}}, {"x-env": "outside"}, "x-env"),
        ({"remove": ["prefer"]}, {"X-Auth-Rights": "none"}, "x-auth-rights"),
        ({"remove": ["prefer"]}, {"Cookie": "a=b"}, "cookie"),
    ):
        rules: list[Any] = [
            {"id": "a", "match": {"path": "/a/**"}, "require": ["anyone"], "request_headers": request},
            {"id": "b", "match": {"path": "/**"}, "require": ["anyone"], "response_headers": {"set": answer}},
        ]
        with pytest.raises(NotRendered, match=f"the header {name} is one that the register gets.*two names"):
            front_site(configuration(tmp_path, rules=rules, upstreams={}), "ti", engine, Options())
        grpc = {"envoy": {**FRONTS["envoy"], "dialect": "envoy-grpc"}}
        config = configuration(tmp_path, rules=rules, upstreams={}, fronts=grpc)
        assert name in front_site(config, "ti", "envoy", Options()).told
