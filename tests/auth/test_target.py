"""Where a browser may be sent back to: the corpus of return-to values, and every path of this site."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.target import safe_target
from tests.cases.load import load

CASES = [case for case in load("redirect-cases.json") if "value" in case]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_corpus(case: dict[str, Any]) -> None:
    target = safe_target(case["value"])
    print(case)
    if case["expected"] == "accept":
        assert target == case["value"]
    else:
        assert target == "/"
