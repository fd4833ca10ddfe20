"""What counts as a JSON object of another server."""

from __future__ import annotations

import pytest

from gateway.json_object import json_object


def test_an_object() -> None:
    assert json_object('{"a": [1, "é"]}'.encode()) == {"a": [1, "é"]}


@pytest.mark.parametrize(
    "octets",
    [b"[]", b"", b'{"a": 1, "a": 2}', b'{"a": NaN}', b'{"a": "\\ud800"}', b"\xff", b'{"a":' + b"[" * 100_000],
)
def test_what_is_none(octets: bytes) -> None:
    with pytest.raises(ValueError):
        json_object(octets)
