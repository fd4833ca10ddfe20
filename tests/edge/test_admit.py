"""The door: hosts, repeated headers, cookies, the client's address and what counts as a navigation."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.edge.admit import Admission
from gateway.edge.headers import ForwardedHeaders
from gateway.edge.settings import EdgeSettings
from gateway.errors import BadRequest, ContentTooLarge, GatewayError, MethodNotAllowed
from gateway.model import CanonicalRequest

PREFIX = "__Host-tgp-ti-"


def admission(**edge: Any) -> Admission:
    return Admission(
        EdgeSettings.model_validate(edge),
        public_url="https://Gw.Test",
        cookie_prefix=PREFIX,
        language=lambda accept: "en" if accept.startswith(b"en") else "nl",
    )


def scope(
    *headers: tuple[str, str], target: str = "/x", method: str = "GET", peer: str = "203.0.113.9"
) -> Any:
    return {
        "type": "http",
        "method": method,
        "raw_target": target.encode("latin-1"),
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": (peer, 40000),
    }


def admit(*headers: tuple[str, str], edge: dict[str, Any] | None = None, **rest: Any) -> CanonicalRequest:
    return admission(**(edge or {})).admit(scope(("Host", "gw.test"), *headers, **rest))


@pytest.mark.parametrize("host", ["gw.test", "GW.TEST", "gw.test:443"])
def test_every_spelling_of_our_host_is_one(host: str) -> None:
    assert admission().admit(scope(("Host", host))).host == "gw.test"


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        ["gw.test", "gw.test"],
        ["evil.test"],
        ["gw.test:80"],
        ["gw.test."],
        ["gw.test, evil.test"],
        ["gw.test@evil.test"],
        [""],
    ],
)
def test_no_several_or_foreign_hosts(hosts: list[str]) -> None:
    with pytest.raises(BadRequest):
        admission().admit(scope(*(("Host", host) for host in hosts)))


def test_further_hosts_are_known() -> None:
    assert (
        admission(hosts=["alias.test:8443"]).admit(scope(("Host", "alias.test:8443"))).host
        == "alias.test:8443"
    )


def test_the_absolute_form_must_name_the_same_host() -> None:
    request = admission().admit(scope(("Host", "gw.test"), target="https://gw.test/a?b"))
    assert (request.raw_path, request.raw_query) == (b"/a", b"b")
    for target in (
        "https://evil.test/a",
        "http://gw.test/a",
        "https://gw.test@evil.test/a",
        "file:///etc/passwd",
        "*",
        "x",
    ):
        with pytest.raises(BadRequest):
            admission().admit(scope(("Host", "gw.test"), target=target))


@pytest.mark.parametrize(
    "name", ["Content-Length", "Authorization", "Content-Type", "Origin", "Transfer-Encoding"]
)
def test_what_can_only_be_said_once_is_refused_twice(name: str) -> None:
    with pytest.raises(BadRequest):
        admit((name, "1"), (name, "1"), method="POST")


def test_framing_is_clear_or_refused() -> None:
    with pytest.raises(BadRequest):
        admit(("Content-Length", "1"), ("Transfer-Encoding", "chunked"), method="POST")
    with pytest.raises(BadRequest):
        admit(("Content-Length", "+1"), method="POST")
    with pytest.raises(ContentTooLarge):
        admit(("Content-Length", "11"), method="POST", edge={"max_body_bytes": 10})
    assert admit(("Content-Length", "10"), method="POST", edge={"max_body_bytes": 10}).method == "POST"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "TRACK"])
def test_other_methods_are_not_allowed(method: str) -> None:
    with pytest.raises(MethodNotAllowed):
        admit(method=method)


@pytest.mark.parametrize("method", ["get", "GET ", "G\x00T"])
def test_what_is_no_method_is_refused(method: str) -> None:
    with pytest.raises(BadRequest):
        admit(method=method)


@pytest.mark.parametrize(
    ("lines", "own", "rest"),
    [
        (["a=1"], {}, "a=1"),
        ([f"a=1; {PREFIX}session=T; b=2"], {"session": "T"}, "a=1; b=2"),
        (["a=1", f"{PREFIX}session=T"], {"session": "T"}, "a=1"),
        ([f"{PREFIX}session=T"], {"session": "T"}, None),
        ([f"{PREFIX}session=GOOD; {PREFIX}session=EVIL"], {}, None),
        ([f"{PREFIX}session=G; {PREFIX}session=E; {PREFIX}session=F; z=1"], {}, "z=1"),
        ([f"{PREFIX}session"], {}, None),
        ([f"={PREFIX}session=EVIL; a=1"], {}, "a=1"),
        ([f"{PREFIX.lower()}session=EVIL"], {}, f"{PREFIX.lower()}session=EVIL"),
        (['; ;=; =x; a; b==;;"q"; __Host-tgp-ti-session'], {}, '=; =x; a; b==; "q"'),
    ],
)
def test_own_cookies_are_ours_alone(lines: list[str], own: dict[str, str], rest: str | None) -> None:
    request = admit(*(("Cookie", line) for line in lines))
    assert request.cookies == {PREFIX + name: value for name, value in own.items()}
    sent = [value.decode("latin-1") for name, value in request.headers if name == b"cookie"]
    assert sent == ([] if rest is None else [rest])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),
        ("10.0.0.1", ["9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["127.0.0.1, 9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["9.9.9.9, 10.0.0.2"], "9.9.9.9"),
        ("10.0.0.1", ["8.8.8.8", "9.9.9.9"], "9.9.9.9"),
        ("::ffff:10.0.0.1", ["9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["not-an-ip"], "unknown"),
        ("10.0.0.1", ["9.9.9.9, junk, 10.0.0.2"], "unknown"),
        ("10.0.0.1", ["9.9.9.9:1234"], "9.9.9.9"),
        ("10.0.0.1", [", ,"], "unknown"),
        ("10.0.0.1", [""], "unknown"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["unknown"], "unknown"),
        ("10.0.0.1", ["[2001:db8::1]:443"], "2001:db8::1"),
        ("10.0.0.1", ["[2001:db8::1]"], "2001:db8::1"),
        ("10.0.0.1", ["203.0.113.9:1, 10.0.0.2:4433"], "203.0.113.9"),
        ("10.0.0.1", ["9.9.9.9:99999"], "unknown"),
        ("10.0.0.1", ["9.9.9.9:"], "unknown"),
        ("10.0.0.1", ["[9.9.9.9]:1"], "unknown"),
        ("10.0.0.1", ["[2001:db8::1"], "unknown"),
        ("10.0.0.1", ["9.9.9.9:1:2"], "unknown"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
    ],
)
def test_the_client_is_the_nearest_that_is_not_trusted(peer: str, forwarded: list[str], client: str) -> None:
    headers = (("X-Forwarded-For", line) for line in forwarded)
    assert admit(*headers, peer=peer, edge={"trusted_proxies": ["10.0.0.0/8"]}).client == client


def test_nobody_is_trusted_by_default() -> None:
    assert admit(("X-Forwarded-For", "127.0.0.1"), peer="127.0.0.1").client == "127.0.0.1"
    assert admit(("X-Forwarded-For", "9.9.9.9"), peer="127.0.0.1").client == "127.0.0.1"


@pytest.mark.parametrize(
    ("headers", "method", "navigation"),
    [
        ([("Accept", "text/html,*/*")], "GET", True),
        ([("Accept", "application/json")], "GET", False),
        ([], "GET", False),
        ([("Accept", "*/*")], "GET", False),
        ([("Accept", "text/html"), ("Sec-Fetch-Mode", "cors")], "GET", False),
        ([("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")], "GET", True),
        ([("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")], "GET", False),
        ([("Accept", "text/html")], "POST", False),
    ],
)
def test_what_is_a_navigation(headers: list[tuple[str, str]], method: str, navigation: bool) -> None:
    assert admit(*headers, method=method).navigation is navigation


def test_a_request_id_is_only_taken_from_a_trusted_proxy() -> None:
    offered = ("X-Request-ID", "abcdefgh-12345678")
    assert admit(offered).id != offered[1]
    assert admit(offered, peer="10.0.0.1", edge={"trusted_proxies": ["10.0.0.1"]}).id == offered[1]
    bad = ("X-Request-ID", 'abc" onload=1 \x1b[31m')
    assert admit(bad, peer="10.0.0.1", edge={"trusted_proxies": ["10.0.0.1"]}).id != bad[1]


@pytest.mark.parametrize(
    "name",
    ["X_Forwarded_For", "X.Real.IP", "X~Auth", "Transfer_Encoding", "Forwarded", "X-Original-URL", "Proxy", "X-HTTP-Method-Override",
     "Keep-Alive", "WL-Proxy-Client-IP", "WL-Proxy-SSL", "Client-IP", "X-ARR-SSL", "X-ARR-ClientCert", "X-Rewrite-URL",
     "X-Original-Forwarded-For", "X-Client-Verify", "X-Forwarded", "X-Forwarded-For", "Proxy-Client-IP", "X-SSL-Client-Cert",
     "X-MS-Client-Principal", "TE", "Upgrade", "X-Forwarded-Prefix", "X-Envoy-Internal", "Via", "Expect"],
)  # fmt: skip
def test_headers_that_stop_here(name: str) -> None:
    request = admit((name, "evil"), ("X-Kept", "1"))
    sent = ForwardedHeaders(trusted_chain=False).of(request, "203.0.113.9")
    assert (b"x-kept", b"1") in sent
    assert not any(b"evil" in value for _, value in sent)


def test_connection_removes_what_it_names_but_nothing_essential() -> None:
    request = admit(
        ("Connection", "close, X-Custom, cookie"), ("connection", "Host,authorization"),
        ("X-Custom", "1"), ("Cookie", "a=1"), ("Authorization", "Bearer x"),
    )  # fmt: skip
    names = [name for name, _ in ForwardedHeaders(trusted_chain=False).of(request, "203.0.113.9")]
    assert b"x-custom" not in names
    assert b"connection" not in names
    assert {b"host", b"cookie", b"authorization", b"x-forwarded-for"} <= set(names)


def test_same_names_keep_their_order_and_octets() -> None:
    request = admit(("X-A", "1"), ("X-B", "caf\xe9"), ("X-A", "2"))
    sent = ForwardedHeaders(trusted_chain=False).of(request, "203.0.113.9")
    assert [value for name, value in sent if name == b"x-a"] == [b"1", b"2"]
    assert (b"x-b", b"caf\xe9") in sent


def test_the_chain_of_addresses_names_what_is_trusted() -> None:
    edge = {"trusted_proxies": ["10.0.0.0/8"]}
    request = admit(("X-Forwarded-For", "6.6.6.6, 9.9.9.9"), peer="10.0.0.1", edge=edge)
    sent = dict(ForwardedHeaders(trusted_chain=True).of(request, "10.0.0.1"))
    assert sent[b"x-forwarded-for"] == b"9.9.9.9, 10.0.0.1"
    assert sent[b"x-forwarded-proto"] == b"https"
    assert sent[b"x-forwarded-host"] == b"gw.test"


def test_no_error_but_ours() -> None:
    for target in ("/", "/%", "/\x00", "http://", "://", "https://gw.test", "?"):
        try:
            admission().admit(scope(("Host", "gw.test"), target=target))
        except GatewayError as error:
            assert error.status == 400


@pytest.mark.parametrize("values", [["0"], ["00"], ["-1"], ["x"], [""], ["5", "0"]])
def test_what_may_go_no_further_is_not_forwarded(values: list[str]) -> None:
    headers = [("Max-Forwards", value) for value in values]
    with pytest.raises(BadRequest):
        admit(*headers, method="OPTIONS")
    assert admit(*headers).method == "GET"


def test_max_forwards_is_lowered() -> None:
    request = admit(("Max-Forwards", "00012"), method="OPTIONS")
    assert (b"max-forwards", b"11") in ForwardedHeaders(trusted_chain=False).of(request, "203.0.113.9")


def test_an_allow_list_lets_only_its_headers_and_the_essential_ones_on() -> None:
    request = admit(
        ("X-Custom", "1"), ("Accept", "a"), ("User-Agent", "u"), ("Cookie", "a=1"), ("X-Forwarded-Host", "evil"),
        ("Content-Type", "t"), ("Authorization", "Basic x"), ("X_Custom", "1"),
    )  # fmt: skip
    allow = EdgeSettings.model_validate({"request_headers": {"allow": ["X-Custom", "X-Forwarded-Host"]}})
    headers = ForwardedHeaders(trusted_chain=False, allow=allow.request_headers.allow)
    sent = headers.of(request, "203.0.113.9")
    assert {name for name, _ in sent} == {
        b"host", b"x-custom", b"cookie", b"content-type", b"authorization",
        b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-request-id", b"via",
    }  # fmt: skip
    assert (b"x-forwarded-host", b"gw.test") in sent
    assert not any(b"evil" in value for _, value in sent)
