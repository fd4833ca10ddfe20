"""The values that rooms hand to one another."""

from __future__ import annotations

import pytest

from gateway.model import NOTHING, CanonicalRequest, Decision, Identity, Missing

REQUEST = CanonicalRequest(
    "id",
    "GET",
    "https",
    "register.test",
    "/a/b",
    ("a", "b"),
    b"/a/b",
    None,
    ((b"accept", b"text/html"), (b"x", b"1"), (b"x", b"2")),
    NOTHING,
    "192.0.2.1",
    True,
    "nl",
)


@pytest.mark.parametrize(("query", "target"), [(None, b"/a/b"), (b"", b"/a/b?"), (b"c=d", b"/a/b?c=d")])
def test_the_target_is_what_came_in(query: bytes | None, target: bytes) -> None:
    assert REQUEST._replace(raw_query=query).target == target


def test_lines_of_one_header_are_one_list() -> None:
    assert REQUEST.header(b"accept") == b"text/html"
    assert REQUEST.header(b"x") == b"1, 2"
    assert REQUEST.header(b"y") is None


@pytest.mark.parametrize(
    ("given", "family", "name"),
    [("An", "Peeters", "An Peeters"), (None, "Peeters", "Peeters"), (None, None, None)],
)
def test_a_name_has_the_parts_that_are_known(given: str | None, family: str | None, name: str | None) -> None:
    assert Identity("https://op.test", "s", given_name=given, family_name=family).name == name


def test_a_login_helps_where_it_is_missing() -> None:
    login, right = Missing("login", "login"), Missing("right", "grant")
    assert Decision(False, "r", "no", ((right,), (login,))).login_helps
    assert not Decision(False, "r", "no", ((right,),)).login_helps
