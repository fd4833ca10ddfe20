"""What is a form, and which page sent it: the question against CSRF."""

from __future__ import annotations

import pytest

from gateway.edge.forms import form_type, is_form, is_same_origin
from tests.edge.admitting import admit

OWN = "https://gw.test"
UNKNOWN = None


@pytest.mark.parametrize(
    ("origin", "site", "same"),
    [
        (None, [], UNKNOWN),
        (None, ["none"], UNKNOWN),
        (None, ["same-origin"], True),
        (None, ["same-site"], False),
        (None, ["cross-site"], False),
        (OWN, [], True),
        (OWN, ["same-origin"], True),
        (OWN, ["none"], UNKNOWN),
        (OWN, ["same-site"], False),
        (OWN, ["cross-site"], False),
        ("null", [], False),
        ("null", ["same-origin"], False),
        ("", ["same-origin"], False),
        ("https://evil.test", [], False),
        ("https://evil.test", ["same-origin"], False),
        ("https://evil.test", ["none"], False),
        ("http://gw.test", [], False),
        ("https://gw.test:444", [], False),
        ("https://gw.test.evil.test", [], False),
        ("https://gw.test, https://evil.test", [], False),
        # Said twice: each says something else, or nothing that there is.
        (None, ["same-origin", "cross-site"], False),
        (None, ["cross-site", "same-origin"], False),
        (None, ["none", "cross-site"], False),
        (OWN, ["same-origin", "same-origin"], False),
        (OWN, ["none", "none"], False),
        (None, [""], False),
        (None, ["SAME-ORIGIN"], False),
        (None, ["same-origin;"], False),
        (None, ["future-value"], False),
    ],
)
@pytest.mark.parametrize("if_unknown", [True, False])
def test_whether_a_page_of_this_origin_sent_it(
    origin: str | None, site: list[str], same: bool | None, if_unknown: bool
) -> None:
    lines = [("Origin", origin)] if origin is not None else []
    request = admit(*lines, *(("Sec-Fetch-Site", value) for value in site), method="POST")
    assert is_same_origin(request, if_unknown=if_unknown) is (if_unknown if same is UNKNOWN else same)


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("application/x-www-form-urlencoded", True),
        ("Application/X-WWW-Form-Urlencoded ; charset=utf-8", True),
        ("multipart/form-data; boundary=x", True),
        ("text/plain", False),
        ("application/json", False),
        ("application/json; application/x-www-form-urlencoded", False),
        ("multipart/form-data2", False),
        ("", False),
        (None, False),
    ],
)
def test_the_kind_of_a_form(value: str | None, is_one: bool) -> None:
    lines = [("Content-Type", value)] if value is not None else []
    request = admit(*lines, ("Accept", "text/html"), method="POST")
    assert form_type(request) == (value.encode() if is_one and value is not None else None)
    assert is_form(request) is is_one
    assert not is_form(admit(*lines, ("Accept", "text/html"), method="PUT"))


@pytest.mark.parametrize(
    ("lines", "navigates"),
    [
        ([("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")], True),
        ([("Sec-Fetch-Mode", "navigate")], True),
        ([("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")], True),
        ([("Accept", "text/html"), ("Content-Encoding", "gzip")], False),
        ([("Sec-Fetch-Mode", "cors"), ("Accept", "text/html")], False),
        ([("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Mode", "cors"), ("Accept", "text/html")], False),
        ([("Accept", "application/xhtml+xml, TEXT/HTML;q=0.9")], True),
        ([("Accept", "application/json")], False),
        ([("Accept", "*/*")], False),
        ([], False),
    ],
)
def test_a_form_that_a_script_sends_is_none(lines: list[tuple[str, str]], navigates: bool) -> None:
    kind = ("Content-Type", "application/x-www-form-urlencoded")
    assert is_form(admit(kind, *lines, method="POST")) is navigates
