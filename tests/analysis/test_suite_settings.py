"""What can be written in tests and invariants."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.analysis.equivalence import NOON
from gateway.analysis.suite_settings import KINDS, CaseSettings, NeverSettings
from gateway.policy.moments import read_moment


def test_a_moment_without_offset_is_in_brussels() -> None:
    assert read_moment("2026-01-06T12:00") == NOON
    assert read_moment("2026-01-06T11:00+00:00") == NOON
    with pytest.raises(ValueError, match="Brussels"):
        read_moment("noon")


@pytest.mark.parametrize(
    ("model", "written", "message"),
    [
        (CaseSettings, {"request": "get /a"}, "write a method in capitals, a space and a path"),
        (CaseSettings, {"request": "ANY /a"}, "write a method in capitals, a space and a path"),
        (CaseSettings, {"request": "GET /a", "client": "here"}, "'here' is not a network address"),
        (
            NeverSettings,
            {"request": "ANY /a", "client": "fe80::1%eth0"},
            "'fe80::1%eth0' is not a network address",
        ),
        (NeverSettings, {"request": "ANY a"}, "a space and a pattern"),
    ],
)
def test_faults(model: Any, written: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        model.model_validate({"expect": "allow", **written} if model is CaseSettings else written)


def test_kinds_are_those_of_missing_things() -> None:
    assert {"login", "right", "organisation", "other"} <= set(KINDS)
