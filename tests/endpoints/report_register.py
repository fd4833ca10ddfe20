"""A register on raw octets for the reported cases: it answers as the path asks, or with what it got."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

from tests.running import RawUpstream


def report_register() -> RawUpstream:
    return RawUpstream(answer=_answer)


def _answer(head: bytes) -> bytes:
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    asked = dict(parse_qsl(query, keep_blank_values=True))
    headers = [tuple(line.split(": ", 1)) for line in lines]
    if path == "/raw":
        return bytes.fromhex(asked["x"])
    if path == "/page":
        own = 'Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\nETag: "p1"\r\n' if "lm" in asked else ""
        own += f"Cache-Control: {asked['cc']}\r\n" if "cc" in asked else ""
        kind, body = "text/html; charset=utf-8", f"<h1>{dict(headers).get('x-auth-name')}</h1>"
    else:
        own, kind = "", "application/json"
        body = json.dumps({"method": method, "target": target, "headers": headers})
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{own}Content-Length: {len(body)}\r\n\r\n{body}".encode(
            "latin-1"
        )
    )
