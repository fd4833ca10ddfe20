"""Whole responses of the gateway's own."""

from __future__ import annotations

import json

import pytest

from gateway.responses import Response, json_response, redirect


def test_nobody_may_keep_or_guess_about_a_response() -> None:
    response = Response(b"x", status=403, lines=((b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")))
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-length"] == "1"
    assert response.headers.getlist("set-cookie") == ["a=1", "b=2"]


def test_a_redirect_leaves_its_location_as_it_is() -> None:
    response = redirect("/a|b?c=%2F", ("a=1; Path=/",))
    assert (response.status_code, response.headers["location"]) == (302, "/a|b?c=%2F")
    assert response.headers["set-cookie"] == "a=1; Path=/"
    with pytest.raises(UnicodeEncodeError):
        redirect("/\u00e9")


def test_json() -> None:
    response = json_response({"a": "\u00e9"}, status=400, media_type="application/problem+json")
    assert json.loads(bytes(response.body)) == {"a": "\u00e9"}
    assert response.headers["content-type"] == "application/problem+json"
