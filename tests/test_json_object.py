"""JSON objects with one meaning, within bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.json_object import DEEPEST, Unreadable, json_object


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


def test_what_is_plain_is_read() -> None:
    found: dict[str, Any] = {"a": [1, 2.5, True, None, "\u00e9 \U0001f600"], "b": {"c": {}}}
    assert json_object(json.dumps(found).encode()) == found
    assert json_object(json.dumps(found, ensure_ascii=False).encode()) == found
    assert json_object(b'{"text": "' + b"[" * 100 + b'"}') == {"text": "[" * 100}
    assert json_object(nested(DEEPEST)) != {}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": {"b": 1, "\\u0062": 2}}', "twice"),
        (nested(DEEPEST + 1), "deep"),
        (nested(100_000), "deep"),
        (b"[" * 100_000, "deep"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "number"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "digits"),
        (b'{"a": 0.' + b"9" * 5_000 + b"}", "digits"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\udc00": 1}', "surrogate"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "UTF-8"),
        ("{}".encode("utf-16"), "UTF-8"),
        (b"\xef\xbb\xbf{}", "JSON"),
        (b"[1]", "object"),
        (b'"a"', "object"),
        (b"null", "object"),
        (b"", "JSON"),
        (b"{} {}", "JSON"),
        (b"{'a': 1}", "JSON"),
    ],
)
def test_what_readers_may_understand_in_two_ways_is_refused(body: bytes, words: str) -> None:
    for exact in (False, True):
        with pytest.raises(Unreadable, match=words):
            json_object(body, exact=exact)


def test_where_numbers_must_be_exact_those_that_others_round_are_refused() -> None:
    for number in (2**53, -(2**53), 10**30):
        body = json.dumps({"a": number}).encode()
        assert json_object(body) == {"a": number}
        with pytest.raises(Unreadable, match="digits"):
            json_object(body, exact=True)
    assert json_object(b'{"a": 9007199254740991}', exact=True) == {"a": 2**53 - 1}
