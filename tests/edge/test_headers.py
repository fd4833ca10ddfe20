"""What of a request's headers reaches the register."""

from __future__ import annotations

import pytest

from gateway.edge.headers import ForwardedHeaders
from gateway.edge.settings import EdgeSettings
from gateway.model import CanonicalRequest
from tests.edge.admitting import admit


def lines(
    headers: ForwardedHeaders, request: CanonicalRequest, peer: str = "203.0.113.9"
) -> list[tuple[bytes, bytes]]:
    """All header lines that the register gets without an identity."""
    own = [line.split(b": ", 1) for line in headers.own(request, peer).splitlines()]
    return [*headers.passed(request.headers, request.method), *((name, value) for name, value in own)]


@pytest.mark.parametrize(
    "name",
    ["X_Forwarded_For", "X.Real.IP", "X~Auth", "Transfer_Encoding", "Forwarded", "X-Original-URL", "Proxy", "X-HTTP-Method-Override",
     "Keep-Alive", "WL-Proxy-Client-IP", "WL-Proxy-SSL", "Client-IP", "X-ARR-SSL", "X-ARR-ClientCert", "X-Rewrite-URL",
     "X-Original-Forwarded-For", "X-Client-Verify", "X-Forwarded", "X-Forwarded-For", "Proxy-Client-IP", "X-SSL-Client-Cert",
     "X-MS-Client-Principal", "TE", "Upgrade", "X-Forwarded-Prefix", "X-Envoy-Internal", "Via", "Expect", "Cookie2",
     "X-Accel-Mapping", "X-Sendfile-Type", "X-Proxied-Https", "Proxy-Auth-Cert", "Proxy-SSL-Id",
     "Proxy-IP", "Proxy-User-DN"],
)  # fmt: skip
def test_headers_that_stop_here(name: str) -> None:
    request = admit((name, "evil"), ("X-Kept", "1"))
    sent = lines(ForwardedHeaders(trusted_chain=False), request)
    assert (b"x-kept", b"1") in sent
    assert not any(b"evil" in value for _, value in sent)


def test_connection_removes_what_it_names_but_nothing_essential() -> None:
    request = admit(
        ("Connection", "close, X-Custom, cookie"), ("connection", "Host,authorization"),
        ("X-Custom", "1"), ("Cookie", "a=1"), ("Authorization", "Bearer x"),
    )  # fmt: skip
    names = [name for name, _ in lines(ForwardedHeaders(trusted_chain=False), request)]
    assert b"x-custom" not in names
    assert b"connection" not in names
    assert {b"cookie", b"authorization", b"x-forwarded-for"} <= set(names)


def test_same_names_keep_their_order_and_octets() -> None:
    request = admit(("X-A", "1"), ("X-B", "caf\xe9"), ("X-A", "2"))
    sent = lines(ForwardedHeaders(trusted_chain=False), request)
    assert [value for name, value in sent if name == b"x-a"] == [b"1", b"2"]
    assert (b"x-b", b"caf\xe9") in sent


def test_the_chain_of_addresses_names_what_is_trusted() -> None:
    edge = {"trusted_proxies": ["10.0.0.0/8"]}
    request = admit(("X-Forwarded-For", "6.6.6.6, 9.9.9.9"), peer="10.0.0.1", edge=edge)
    sent = dict(lines(ForwardedHeaders(trusted_chain=True), request, "10.0.0.1"))
    assert sent[b"x-forwarded-for"] == b"9.9.9.9, 10.0.0.1"
    assert sent[b"x-forwarded-proto"] == b"https"
    assert sent[b"x-forwarded-host"] == b"gw.test"


def test_max_forwards_is_lowered() -> None:
    request = admit(("Max-Forwards", "00012"), method="OPTIONS")
    assert (b"max-forwards", b"11") in lines(ForwardedHeaders(trusted_chain=False), request)


def test_an_allow_list_lets_only_its_headers_and_the_essential_ones_on() -> None:
    request = admit(
        ("X-Custom", "1"), ("Accept", "a"), ("User-Agent", "u"), ("Cookie", "a=1"), ("X-Forwarded-Host", "evil"),
        ("Content-Type", "t"), ("Authorization", "Basic x"), ("X_Custom", "1"),
    )  # fmt: skip
    allow = EdgeSettings.model_validate({"request_headers": {"allow": ["X-Custom", "X-Forwarded-Host"]}})
    headers = ForwardedHeaders(trusted_chain=False, allow=allow.request_headers.allow)
    sent = lines(headers, request)
    assert {name for name, _ in sent} == {
        b"x-custom", b"cookie", b"content-type", b"authorization",
        b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port",
        b"x-request-id", b"via",
    }  # fmt: skip
    assert (b"x-forwarded-host", b"gw.test") in sent
    assert not any(b"evil" in value for _, value in sent)


def test_the_register_hears_of_the_client_from_us_alone() -> None:
    request = admit(
        ("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Proto", "gopher"), ("X-Forwarded-Host", "evil.test"),
        ("X-Request-ID", "evil-evil-evil"), ("Via", "1.1 evil"), ("x-forwarded-for", "7.7.7.7"),
    )  # fmt: skip
    sent = lines(ForwardedHeaders(trusted_chain=False), request)
    assert sent == [
        (b"x-forwarded-for", b"203.0.113.9"),
        (b"x-forwarded-proto", b"https"),
        (b"x-forwarded-host", b"gw.test"),
        (b"x-forwarded-port", b"443"),
        (b"x-request-id", request.id.encode()),
        (b"via", b"1.1 toegangspoort"),
    ]


def test_connection_cannot_take_away_what_the_gateway_adds() -> None:
    request = admit(("Connection", "X-Forwarded-For, x-request-id, via, x-forwarded-proto, content-length"))
    names = {name for name, _ in lines(ForwardedHeaders(trusted_chain=False), request)}
    assert {b"x-forwarded-for", b"x-request-id", b"via", b"x-forwarded-proto"} <= names


def test_connection_may_name_thousands() -> None:
    request = admit(
        ("Connection", " X-Custom ,\tx-other," + "a," * 10_000 + ","), ("X-Custom", "1"), ("X-Other", "1")
    )
    assert not {b"x-custom", b"x-other"} & {
        name for name, _ in lines(ForwardedHeaders(trusted_chain=False), request)
    }
