"""Conversations in which the same few requests come again and again, while rules, orders and sessions change between them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Final

from gateway.model import Organisation, Right
from tests.fuzz.repetitions import ANNA, BERT, Repetitions

EARLIER: Final = b"{earlier}"
"""Stands for the cookie that somebody had before the last change."""
RIGHT: Final = Right("OVAMGebruiker", "NonConformiteitenIndiener", "0123456789")
FRONTS: Final = ("nginx", "envoy", "caddy")

_TARGETS: Final = [
    b"/open/a", b"/read", b"/right", b"/org/0123456789", b"/org/0428315871", b"/office", b"/told", b"/program", b"/rest", b"/oauth2/none",
]  # fmt: skip
_COOKIES: Final = [
    b"Cookie: {anna}", b"Cookie: {anna}", b"Cookie: a=b; {bert}", b"Cookie: {earlier}", b"Cookie: JSESSIONID=x", b"Authorization: Bearer good",
    b"Authorization: Bearer bad", b"X-A: 1",
]  # fmt: skip
_LINES: Final = [
    b"Accept: text/html", b"Accept: application/json", b"Referer: https://gw.test/a", b"Referer: b", b'If-None-Match: "a"', b"X-A: 1",
    b"Connection: x-a", b"Sec-Purpose: prefetch", b"X-Forwarded-User: carl",
]  # fmt: skip
_ACCESS: Final[list[dict[str, Any]]] = [
    {"given_name": "X"},
    {"rights": ()},
    {"rights": (RIGHT,)},
    {"organisation": Organisation("0428315871")},
    {"organisation": Organisation("0123456789")},
]
# Seconds from now: begin, end, and where.
_WORKS: Final = [
    (),
    (),
    ((0, 10, ()),),
    ((2, 10, ("/open/**",)),),
    ((0, 5, ("/right",)), (8, 20, ())),
]
_SECONDS: Final = [1, 1, 2, 4, 6, 20, 61, 120, 300, 601, 3_600]


@dataclass(frozen=True)
class Change:
    """What happens between two requests: `kind` is the name of a method of the side, which gets `what`."""

    kind: str
    what: tuple[Any, ...]


@dataclass(frozen=True)
class Request:
    """What a client sends, or what the front with this name asks."""

    front: str
    octets: bytes


class Changes:
    """One conversation of requests and changes; the register answers as in `Repetitions`."""

    def __init__(self, source: Random) -> None:
        self._source = source
        self.answers = Repetitions(source).answers
        self._targets = source.sample(_TARGETS, source.randint(1, 3))
        self._cookies = source.sample(_COOKIES, source.randint(1, 3))
        self._lines = [source.sample(_LINES, source.randint(0, 3)) for _ in range(2)]
        self._fronts = source.choice([[""], ["", "nginx"], ["nginx"], ["envoy"], ["caddy"]])
        self._methods = source.choice([[b"GET"], [b"GET", b"HEAD"], [b"GET", b"POST"]])
        self.steps: list[Change | Request] = []
        usual = self._request()
        for _ in range(source.randint(4, 12)):
            again = usual if source.random() < 0.7 else self._request()
            # Once to know the lines, once to see the request, once to keep its permission.
            self.steps += [again] * source.choice([1, 4, 5])
            self.steps.append(self._change())
            self.steps += [again] * source.choice([1, 2, 5])

    def _request(self) -> Request:
        pick, front = self._source.choice, self._source.choice(self._fronts)
        method, target = pick(self._methods), pick(self._targets) + b"?%d" % pick([0, 0, 1])
        said = [b"X-Forwarded-For: 192.0.2.%d" % pick([1, 1, 2])] if front else []
        lines = [*said, pick(self._cookies), *pick(self._lines)]
        host = b"Host: gw.test"
        if front == "nginx":
            head = [
                b"GET /auth HTTP/1.1",
                host,
                b"X-Original-Method: " + method,
                b"X-Original-URI: " + target,
            ]
        elif front == "caddy":
            head = [b"GET /auth HTTP/1.1", b"Host: front", b"X-Forwarded-Host: gw.test"]
            head += [b"X-Forwarded-Method: " + method, b"X-Forwarded-URI: " + target]
        else:
            before = b"/auth" if front else b""
            head = [method + b" " + before + target + b" HTTP/1.1", host]
            lines += [b"Content-Length: 0"] if method == b"POST" else []
        return Request(front, b"\r\n".join((*head, *lines, b"", b"")))

    def _change(self) -> Change:
        pick, person = self._source.choice, self._source.choice([ANNA, ANNA, BERT])
        changes: list[tuple[str, tuple[Any, ...]]] = [
            ("use_rules", (pick([0, 1, 2]),)),
            ("open_emergency", (pick([5, 30, 100]),)),
            ("block", (pick([(), (), (person,), ("0123456789",)]), pick([None, 3]))),
            ("announce", (pick(_WORKS),)),
            ("wait", (pick(_SECONDS),)),
            ("wait", (pick(_SECONDS),)),
            ("change_access", (person, pick(_ACCESS))),
            ("change_access", (person, pick(_ACCESS))),
            ("log_out", (person,)),
            ("end_all", (person,)),
            ("log_in_again", (person,)),
        ]
        return Change(*pick(changes))
