"""Content of a GET or DELETE, which a register may leave unread and take for its next request: no front lets that happen."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest

from tests.gateway_fixture import GatewayFixture
from tests.running import RawUpstream
from tests.upstream.raw_client import converse

METHODS = ("GET", "HEAD", "OPTIONS", "DELETE")
HIDDEN = b"GET /app/admin/x HTTP/1.1\r\nHost: gw.test\r\nX-Forwarded-User: root\r\n\r\n"
FRAMED = {
    "length": b"Content-Length: %d\r\n\r\n%s" % (len(HIDDEN), HIDDEN),
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN),
}

NOTHING = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@contextlib.contextmanager
def careless(register: RawUpstream) -> Iterator[None]:
    """It answers without a look at the content, not before some of it came, and closes where it is asked to."""

    def answer(head: bytes) -> bytes:
        time.sleep(0.1)
        register.close_after = closes(head)
        return NOTHING

    usual, register.answer, register.read_body = register.answer, answer, False
    try:
        yield
    finally:
        register.answer, register.read_body, register.close_after = usual, True, False
        # What it got over these connections has no meaning for a front that uses them again.
        register.drop()


def closes(head: bytes) -> bool:
    """Whether it says that no other request follows."""
    return b"\r\nconnection: close\r\n" in head.lower()


@pytest.mark.parametrize("framing", FRAMED)
@pytest.mark.parametrize("method", METHODS)
def test_content_that_a_register_leaves_unread_is_no_request(
    through: GatewayFixture, method: str, framing: str
) -> None:
    with careless(through.upstream):
        talk = converse(
            through.port,
            b"%s /public/x HTTP/1.1\r\nHost: gw.test\r\n%s" % (method.encode(), FRAMED[framing]),
            heads=(method == "HEAD",),
        )
        through.upstream.settle()
        heads = list(through.upstream.begun)
    # Caddy before 2.7 and Traefik don't see that chunks are announced.
    assert talk.answers[0].status == 200 or (framing == "chunks" and talk.answers[0].status in (401, 411))
    assert len(heads) == (talk.answers[0].status == 200)
    assert all(head.startswith(method.encode()) and closes(head) for head in heads)


def test_content_arrives_whole(through: GatewayFixture) -> None:
    content = b'{"reden": "dubbel"}'
    answer = through.client.request(
        "DELETE",
        f"{through.url}/tenant/7",
        content=content,
        headers={"host": "gw.test", "content-type": "application/json"},
    )
    assert answer.status_code == 200
    through.upstream.settle()
    assert [each.partition(b"\r\n\r\n")[2] for each in through.upstream.received] == [content]


def test_without_content_connections_are_kept(through: GatewayFixture) -> None:
    through.upstream.answer = lambda _head: NOTHING
    for length in ({}, {"content-length": "0"}):
        for method in METHODS:
            answer = through.client.request(
                method, f"{through.url}/tenant/7", headers={"host": "gw.test", **length}
            )
            assert answer.status_code == 200
    through.upstream.settle()
    assert len(through.upstream.begun) == 2 * len(METHODS)
    assert not any(closes(head) for head in through.upstream.begun)
    assert len(set(through.upstream.over)) == 1


def test_no_client_says_what_a_front_says_of_chunks(through: GatewayFixture) -> None:
    lines = b" /public/x HTTP/1.1\r\nHost: gw.test\r\n"
    forged = converse(through.port, b"GET%sX-Toegangspoort-Chunks: chunked\r\n\r\n" % lines)
    assert forged.answers[0].status in (200, 400)
    converse(through.port, b"PUT%sTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" % lines)
    through.upstream.settle()
    heads = through.upstream.begun
    assert heads[-1].startswith(b"PUT ")
    assert not any(b"toegangspoort-chunks" in head.lower() or closes(head) for head in heads)


def test_a_kept_permission_says_nothing_of_content(behind_nginx: GatewayFixture) -> None:
    request = b"GET /public/kept HTTP/1.1\r\nHost: gw.test\r\n"
    with careless(behind_nginx.upstream):
        for rest in (b"\r\n", FRAMED["length"], FRAMED["chunks"], b"\r\n"):
            converse(behind_nginx.port, request + rest)
        behind_nginx.upstream.settle()
        heads = list(behind_nginx.upstream.begun)
    assert [closes(head) for head in heads] == [False, True, True, False]
