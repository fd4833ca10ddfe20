"""Login hints for ACM."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest

from gateway.auth.hints import login_hint


@pytest.mark.parametrize(
    ("doelgroep", "organisation", "hint"),
    [
        ("EA", None, {"cap_hint": "EA"}),
        ("EA", "0428315871", {"cap_hint": "EA", "code_hint": "0428315871"}),
    ],
)
def test_a_hint(doelgroep: str, organisation: str | None, hint: dict[str, str]) -> None:
    found = login_hint(doelgroep, organisation)
    assert found is not None
    assert json.loads(b64decode(found)) == hint


def test_no_hint() -> None:
    assert login_hint(None, None) is None


@pytest.mark.parametrize(
    ("doelgroep", "organisation", "problem"),
    [
        (None, "0428315871", "doelgroep is one of GID"),
        ("XX", None, "doelgroep is one of GID"),
        ("EA", "0428.315.871", "organisation is a code"),
        ("EA", "", "organisation is a code"),
        ("EA", "a" * 33, "organisation is a code"),
    ],
)
def test_a_hint_that_acm_would_not_understand(
    doelgroep: str | None, organisation: str | None, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        login_hint(doelgroep, organisation)
