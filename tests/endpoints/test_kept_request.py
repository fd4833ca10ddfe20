"""What a confirmation looks like, and the request that it becomes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.endpoints.form_store import KeptForm
from gateway.endpoints.kept_request import body_receive, is_marked, kept_scope, marked_id, replayed
from gateway.model import CanonicalRequest
from gateway.responses import Message
from gateway.session.holder import Holder

ID = "0123456789abcdef0123"
KIND = b"application/x-www-form-urlencoded"


def asked(target: str, length: bytes = b"74", kind: bytes = KIND) -> CanonicalRequest:
    headers = ((b"content-length", length), (b"content-type", kind))
    return CanonicalRequest(
        "r", "POST", "http", "h", "/", ("",), target.encode(), headers, {}, "127.0.0.1", "script", "nl"
    )


@pytest.mark.parametrize("target", [f"/a?tgp-form={ID}", f"/?x=1&tgp-form={ID}"])
def test_a_confirmation_is_known(target: str) -> None:
    assert is_marked(asked(target))
    assert is_marked(asked(target, kind=KIND.upper() + b"; charset=utf-8"))
    assert marked_id(asked(target)) == ID
    assert not is_marked(asked(target, b"75"))
    assert not is_marked(asked(target, kind=b"multipart/form-data"))


@pytest.mark.parametrize(
    "target", ["/a", f"/a;tgp-form={ID}", f"/a?xtgp-form={ID}", f"/a?tgp-form={ID}&b", f"/a?tgp-form={ID}0"]
)
def test_others_are_not(target: str) -> None:
    assert not is_marked(asked(target))


def test_the_kept_request_has_its_own_address_and_kind() -> None:
    form = KeptForm(
        "/a/b?q=1", "multipart/form-data; boundary=x", "http://h/form", 5, 0.0, Holder("op", "s"), {}
    )
    given = [(b"Content-Type", KIND), (b"content-length", b"74"), (b"Referer", b"r"), (b"cookie", b"c=1")]
    scope = kept_scope({"type": "http", "headers": given, "path": "/x"}, form)
    assert (scope["path"], scope["raw_target"], scope["query_string"]) == ("/a/b", b"/a/b?q=1", b"q=1")
    assert scope["headers"] == [
        (b"cookie", b"c=1"),
        (b"content-type", b"multipart/form-data; boundary=x"),
        (b"content-length", b"5"),
        (b"referer", b"http://h/form"),
    ]


@pytest.mark.anyio
async def test_a_body_comes_in_its_pieces_and_then_the_client_counts() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"c"

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    receive = body_receive(pieces(), gone)
    found = [await receive() for _ in range(4)]
    assert [(each.get("body"), each.get("more_body")) for each in found[:3]] == [
        (b"ab", True),
        (b"c", True),
        (b"", False),
    ]
    assert found[3] == {"type": "http.disconnect"}
    again = replayed(b"x", gone)
    assert [(await again()).get("body"), (await again())["type"]] == [b"x", "http.disconnect"]
