"""The values that rooms hand to one another."""

from __future__ import annotations

import pytest

from gateway.model import NOTHING, CanonicalRequest, Decision, DecisionInput, Doubt, Identity, Missing

REQUEST = CanonicalRequest(
    "id",
    "GET",
    "https",
    "register.test",
    "/a/b",
    ("a", "b"),
    b"/a/b",
    ((b"accept", b"text/html"), (b"x", b"1"), (b"x", b"2")),
    NOTHING,
    "192.0.2.1",
    True,
    "nl",
)


@pytest.mark.parametrize(("query", "target"), [(None, b"/a/b"), (b"", b"/a/b?"), (b"c=d?", b"/a/b?c=d?")])
def test_the_query_is_as_it_came_in(query: bytes | None, target: bytes) -> None:
    assert REQUEST._replace(target=target).raw_query == query


def test_an_input_in_doubt_has_one_input_for_each_reading() -> None:
    doubt = Doubt((("a", "", "b"),), frozenset({"empty_segments: keep"}))
    asked = DecisionInput("GET", "h", "/a/b", ("a", "b"), "192.0.2.1", 0.0, doubt=doubt)
    assert [(each.path, each.segments, each.doubt) for each in asked.readings()] == [
        ("/a/b", ("a", "b"), None),
        ("/a//b", ("a", "", "b"), None),
    ]
    assert asked._replace(doubt=None).readings() == (asked._replace(doubt=None),)


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
