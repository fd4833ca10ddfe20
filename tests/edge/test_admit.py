"""The door: forms of the target, repeated headers, framing, methods, ids and what counts as a navigation."""

from __future__ import annotations

import pytest

from gateway.errors import BadRequest, ContentTooLarge, GatewayError, MethodNotAllowed
from tests.edge.admitting import admission, admit, scope


def test_the_absolute_form_must_name_the_same_host() -> None:
    request = admission().admit(scope(("Host", "gw.test"), target="https://gw.test/a?b"))
    assert (request.target, request.raw_query) == (b"/a?b", b"b")
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
        ([("Accept", "text/html")], "HEAD", True),
        ([("Accept", "text/html"), ("Sec-Purpose", "prefetch")], "GET", False),
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
