"""What is kept of a refused request is bounded, and masked."""

from __future__ import annotations

import pytest

from gateway.observe.refusal import RawRequest, Refusal, raw_request_of_head, raw_request_of_scope


@pytest.mark.parametrize(
    ("head", "asked"),
    [
        (b"GET /a?b=c HTTP/1.1\r\nHost: a.test\r\n\r\n", RawRequest("GET", "a.test", "/a")),
        (b"\r\nBAD /x\r\nhost:  b.test \r\n", RawRequest("BAD", "b.test", "/x")),
        (
            b"GET https://u:geheim@a.test/x;jsessionid=geheim/y#z",
            RawRequest("GET", "", "https://a.test/x;/y"),
        ),
        (b"GET /85.07.30-033.28/85073003328", RawRequest("GET", "", "/[national number]/[national number]")),
        (b"GET /8507300332%38 HTTP/1.1", RawRequest("GET", "", "/[national number]")),
        (b"GET /\xff\x00 HTTP/1.1", RawRequest("GET", "", "/\\xff\x00")),
        (b"\0\1", None),
        (b"", None),
    ],
)
def test_octets_are_read_as_far_as_they_can(head: bytes, asked: RawRequest | None) -> None:
    assert raw_request_of_head(head) == asked


def test_a_long_target_is_cut_after_it_was_masked() -> None:
    scope = {"method": "GET", "raw_target": b"/" + b"a" * 295 + b"/85073003328/x?code=geheim", "headers": []}
    target = raw_request_of_scope(scope).target
    assert len(target) == 303
    assert "85073" not in target


def test_an_answer_says_only_what_there_is() -> None:
    assert Refusal("x").to_dict() == {"shown": "page"}
    full = Refusal(
        "x",
        None,
        "page",
        "nl",
        "page",
        {"retry_after": 3, "token": "geheim", "target": "/x?code=geheim"},
        "detail " * 100,
        "no",
    )
    found = full.to_dict()
    assert (found["facts"], found["forwarded"]) == (
        {"retry_after": 3, "token": "[redacted]", "target": "/x"},
        "no",
    )
    assert len(found["detail"]) <= 300
