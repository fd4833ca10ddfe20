"""The answers that the listener gives by itself."""

from __future__ import annotations

import pytest

from gateway.edge import refusals
from gateway.edge.refusals import Refusals, refusal
from gateway.events import ClientRefused
from tests.edge.listening import get, listening
from tests.upstream.raw_client import converse, parse_answers


@pytest.mark.parametrize(
    ("head", "status", "clears"),
    [
        (get("/ok?" + "a" * 40_000), 414, False),
        (get("/ok?" + "a" * 32_700, "Cookie: session=" + "b" * 200), 414, False),
        (get("/ok", "Cookie: a=" + "b" * 40_000), 431, True),
        (get("/ok", *(f"Cookie: a{number}=" + "b" * 4_000 for number in range(10))), 431, True),
        (get("/ok", "X-A: " + "b" * 40_000, "Cookie: a=b"), 431, False),
        (get("/ok", *(f"X-{number}: b" for number in range(101))), 431, False),
        (get("/ok?" + "a" * 32_000, "Cookie: session=b"), 200, False),
    ],
)
def test_cookies_are_only_cleared_where_they_are_too_large_by_themselves(
    head: bytes, status: int, clears: bool
) -> None:
    with listening() as (running, _, _refusals):
        for pieces in ([head], [head[:9_000], head[9_000:]]):
            seen = converse(running.port, *pieces)
            assert [answer.status for answer in seen.answers] == [status]
            assert bool(seen.answers[0].values("set-cookie")) is clears
            assert not seen.answers[0].values("clear-site-data")
            assert seen.closed is (status != 200)


@pytest.mark.parametrize(
    ("reason", "status", "line"),
    [
        ("malformed", 400, None),
        ("connect", 405, ("allow", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")),
        ("body-slow", 408, None),
        ("cookies-too-large", 431, None),
        ("head-too-large", 431, None),
        ("connections", 503, ("retry-after", "5")),
        ("http-version", 505, None),
    ],
)
def test_a_refusal_is_one_whole_answer_that_nobody_keeps(
    reason: str, status: int, line: tuple[str, str] | None
) -> None:
    raw = refusal(reason, extra=b"strict-transport-security: max-age=1\r\n")
    [answer] = parse_answers(raw)
    assert answer.status == status
    assert answer.complete
    assert raw.endswith(b"\r\n\r\n" + answer.body)
    assert answer.values("cache-control") == ["no-store"]
    assert answer.values("connection") == ["close"]
    assert answer.values("strict-transport-security") == ["max-age=1"]
    if line is not None:
        assert answer.values(line[0]) == [line[1]]
    else:
        assert not answer.values("clear-site-data")


@pytest.mark.parametrize(
    ("cookies", "removed"),
    [
        ([b"a%d=b" % number for number in range(5_000)], 100),
        ([b"a=b"] * 5_000 + [b"late=b"], 1),
        ([b"\x80=b"] * 5_000 + [b"late=b"], 0),
        ([b"a=b"] * 300 + [b"later=b"], 2),
    ],
)
def test_of_thousands_of_cookies_some_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, cookies: list[bytes], removed: int
) -> None:
    looked: list[bytes] = []
    pattern = refusals._COOKIE_NAME

    class Counting:
        def fullmatch(self, name: bytes) -> object:
            looked.append(name)
            return pattern.fullmatch(name)

    monkeypatch.setattr(refusals, "_COOKIE_NAME", Counting())
    refused = refusals.too_large(b"GET / HTTP/1.1\r\nCookie: " + b"; ".join(cookies))
    assert refused.reason == "cookies-too-large"
    assert refused.extra.count(b"Max-Age=0") == removed
    assert len(looked) <= 400


def test_cookies_are_removed_by_name_from_this_host_only() -> None:
    names = [
        "__Host-tgp-ti-session",
        "tgp-ti-rounds",
        "__Host-tgp-ti-flow-" + "a" * 20,
        "JSESSIONID",
        "=odd",
        "a b",
    ]
    line = "; ".join(f"{name}={'v' * 9_000}" for name in (*names, names[0]))
    with listening() as (running, _, _refusals):
        [answer] = converse(running.port, get("/ok?" + "a" * 4_000, f"Cookie: {line}")).answers
    assert answer.status == 431
    assert answer.values("set-cookie") == [
        f"{name}=; Max-Age=0; Path=/{'; Secure' if name.startswith('__') else ''}" for name in names[:4]
    ]


def test_each_refusal_is_counted_and_passed_on() -> None:
    heard: list[ClientRefused] = []
    with listening(on_refused=heard.append) as (running, app, refusals):
        for data in (b"BAD\r\n\r\n", get("/ok", version="2.0"), b"\0", get("/ok")):
            converse(running.port, data)
        assert [each.reason for each in heard] == ["malformed", "http-version", "malformed"]
        assert refusals.counts == {"malformed": 2, "http-version": 1}
        assert app.asked == ["/ok"]


def test_nobody_has_to_listen() -> None:
    refusals = Refusals()
    refusals.count("malformed")
    assert refusals.counts == {"malformed": 1}
