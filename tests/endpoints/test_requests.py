"""What own endpoints read of a request, and within which limits."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from gateway.endpoints.requests import (
    exchange_of,
    query_value,
    query_values,
    read_body,
    read_form,
    request_of,
)
from gateway.errors import BadRequest, ContentTooLarge
from gateway.exchange import Exchange
from gateway.responses import Message
from gateway.upstream.client_stream import ClientGone
from tests.test_model import REQUEST


def exchange(query: bytes = b"", *events: Message, content_type: bytes = b"") -> Exchange:
    waiting = list(events)

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(_message: Message) -> None:
        raise AssertionError("nothing is sent")

    asked = Exchange({"type": "http", "method": "POST", "headers": []}, receive, send, 0.0)
    asked.request = REQUEST._replace(
        method="POST",
        target=REQUEST.target + (b"" if query is None else b"?" + query),
        headers=((b"content-type", content_type), (b"cookie", b"own=forged; register=1")),
        cookies=MappingProxyType({"own": "1"}),
    )
    return asked


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_only_own_cookies_are_seen() -> None:
    asked = exchange()
    request = request_of(asked)
    assert request.cookies == {"own": "1"}
    assert exchange_of(request) is asked


def test_a_parameter_that_is_repeated_has_no_value() -> None:
    request = request_of(exchange(b"a=1&b=2&b=3&c="))
    assert (query_value(request, "a"), query_value(request, "c"), query_value(request, "d")) == (
        "1",
        "",
        None,
    )
    with pytest.raises(BadRequest, match="repeated"):
        query_value(request, "b")
    with pytest.raises(BadRequest, match="too many"):
        query_value(request_of(exchange(b"&".join([b"a=1"] * 60))), "z")


async def test_a_body_has_a_limit_and_an_end() -> None:
    assert await read_body(request_of(exchange(b"", part(b"ab", more=True), part(b"c"))), 3) == b"abc"
    with pytest.raises(ContentTooLarge):
        await read_body(request_of(exchange(b"", part(b"ab", more=True), part(b"cd"))), 3)
    with pytest.raises(ClientGone):
        await read_body(request_of(exchange(b"", part(b"ab", more=True), {"type": "http.disconnect"})), 3)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (b"application/x-www-form-urlencoded", b"token=%C3%A9+x&token=2"),
        (
            b"multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n\xc3\xa9 x\r\n'
            b'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n2\r\n--b--\r\n',
        ),
    ],
)
async def test_forms(content_type: bytes, body: bytes) -> None:
    form = await read_form(request_of(exchange(b"", part(body), content_type=content_type)), 1_000)
    assert form.getlist("token") == ["\u00e9 x", "2"]


@pytest.mark.parametrize(
    "body",
    [
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\ny\r\n--b--\r\n',
        b"nonsense",
        b"--b\r\nno header\r\n",
    ],
)
async def test_what_is_not_such_a_form_is_refused(body: bytes) -> None:
    content_type = b"multipart/form-data; boundary=b"
    with pytest.raises(BadRequest):
        form: Any = await read_form(request_of(exchange(b"", part(body), content_type=content_type)), 1_000)
        raise BadRequest("nothing in it") if not form else AssertionError(form)


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (b"", []),
        (b"rd=/a", ["/a"]),
        (b"a=1&rd=%2Fa%3Fb+c&rd=", ["/a?b c", ""]),
        (b"%72d=/a&r%64&rdd=/b&=rd", ["/a", ""]),
        (b"rd=caf%C3%A9%FF\xe9", ["caf\u00e9\ufffd\u00e9"]),
        (b"rd=" + b"%25" * 9_000, ["%" * 9_000]),
        (b"rd=/a" + b"&b" * 50, []),
    ],
)
def test_the_values_of_a_parameter(query: bytes, values: list[str]) -> None:
    assert query_values(query, "rd") == values
