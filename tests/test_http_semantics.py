"""The lists of HTTP agree with one another, and values are read as RFC 9110 says."""

from __future__ import annotations

import pytest

from gateway.http_semantics import (
    FURTHER_METHODS,
    HOP_BY_HOP,
    IDEMPOTENT,
    METHODS,
    SAFE,
    WITHOUT_CONTENT,
    media_type,
)


def test_safe_methods_are_idempotent_and_all_are_accepted() -> None:
    assert SAFE < IDEMPOTENT < {*METHODS, *FURTHER_METHODS}


def test_methods_that_change_state_at_each_request_are_not_idempotent() -> None:
    assert set(METHODS) - IDEMPOTENT == {"POST", "PATCH"}
    assert {"LOCK", "NOTIFY", "SUBSCRIBE"} <= set(FURTHER_METHODS) - IDEMPOTENT


def test_methods_that_change_what_their_content_says_have_content() -> None:
    assert {"POST", "PUT", "PATCH", "PROPFIND", "LOCK", "REPORT"}.isdisjoint(WITHOUT_CONTENT)
    assert {*METHODS, *FURTHER_METHODS} >= WITHOUT_CONTENT


def test_what_shows_requests_or_opens_tunnels_is_never_accepted() -> None:
    assert {"TRACE", "CONNECT"}.isdisjoint({*METHODS, *FURTHER_METHODS})


def test_header_names_are_lower_case() -> None:
    assert all(name == name.lower() for name in HOP_BY_HOP)


@pytest.mark.parametrize(
    ("content_type", "found"),
    [
        (b"text/html", b"text/html"),
        (b' Text/HTML ; charset="utf-8"', b"text/html"),
        (b"; charset=utf-8", b""),
        (b"", b""),
        (None, b""),
    ],
)
def test_a_media_type_is_in_lower_case_and_has_no_parameters(
    content_type: bytes | None, found: bytes
) -> None:
    assert media_type(content_type) == found
