"""Why a case has another outcome through a front than without one: the footnotes of the table in docs/fronts.md."""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    """What to tell an operator, and the cases that it explains, by front; `*` stands for all fronts."""

    words: str
    cases: dict[str, tuple[str, ...]]


# The rest of what differs in octets alone, and reaches no register.
OF_THE_ENGINE = Reason(
    "The engine reads HTTP by its own rules. It answers with another status, closes or keeps the connection otherwise, or"
    " writes anew what the gateway refuses with 400 (a list of codings, long chunk extensions, HTTP/1.0). No request reaches the"
    " register that was not judged.",
    {},
)
REASONS = (
    OF_THE_ENGINE,
    Reason(
        "A line feed alone ends the line of a chunk's size. The engine removes extensions and writes the chunks anew, so that the"
        " register gets one body with one meaning.",
        {
            "nginx": ("chunk-size-lf", "chunk-ext-lf", "chunk-ext-desync"),
            "caddy": ("chunk-size-lf", "chunk-ext-lf", "chunk-ext-cr", "chunk-ext-desync"),
            "haproxy": ("chunk-size-lf", "chunk-ext-lf", "chunk-ext-desync"),
        },
    ),
    Reason(
        "A header line that is none (without a colon or a name, with other signs in its name) is left out where the gateway"
        " refuses the request; a second CR at the end of a line too.",
        {"nginx": ("line-no-colon", "name-paren"), "caddy": ("name-empty",), "envoy": ("double-cr",)},
    ),
    Reason(
        "Only headers that the configuration names pass: further ones have to stand in `edge.request_headers.allow`. Of a header"
        " that comes twice, nginx before 1.23 passes the first.",
        {"nginx": ("dup-order", "obs-text")},
    ),
    Reason(
        "`Max-Forwards` of an OPTIONS request is not counted down, or does not pass.",
        {"*": ("max-forwards",)},
    ),
    Reason(
        "Dot segments and percent-encoded letters are resolved first. The subrequest is about the path that the register gets, and"
        " is answered for that one.",
        {"envoy": ("dots-05", "dots-21", "ok-21"), "traefik": ("ok-21",)},
    ),
    Reason(
        "Two `Cookie` lines become one with a comma, which no cookie survives: the session is not found. Browsers send one line, or"
        " speak HTTP/2, where Envoy joins them rightly.",
        {"envoy": ("cookie-strip-chunks", "cookie-two-lines")},
    ),
    Reason(
        "`Connection` names headers of the request itself: refused (400 or 404), where the gateway passes over it.",
        {"envoy": ("conn-lists-lower",), "traefik": ("conn-lists-cookie",)},
    ),
    Reason(
        "A header that `Connection` names goes on to the register. Ours can't be removed that way: `Connection` itself does not pass.",
        {"caddy": ("conn-lists-xreqid",)},
    ),
    Reason(
        "A forged header in another spelling (`X_Auth_User`, `X_Forwarded_For`) is refused with 400, where the gateway removes it.",
        {"caddy": ("spoof-remote-user", "alias-xff", "hs-spoof-identity"), "traefik": ("spoof-remote-user",)},
    ),
    Reason(
        "What the gateway says nothing about reaches the register as an empty header, and not as none.",
        {"traefik": ("spoof-public-route", "cookie-only-own", "spoof-claim-missing", "obs-fold-identity")},
    ),
    Reason(
        "A handshake for another version of WebSocket, or on HTTP/1.0, is refused in another way: with 401 as an ordinary request,"
        " or without an answer.",
        {"*": ("hs-http10", "hs-version-12")},
    ),
)


def reason_of(front: str, file: str, case: str, outcome: str) -> int | None:
    """Which of them explains it; None if none does."""
    for number, reason in enumerate(REASONS):
        if case in (*reason.cases.get(front.removesuffix("-grpc"), ()), *reason.cases.get("*", ())):
            return number
    return 0 if file == "http1" and outcome in ("refused", "engine") else None
