"""What operators may write under `support:`, and what the reference says about errors."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.errors import GatewayError
from gateway.pages.causes import CAUSES
from gateway.pages.settings import SessionBarSettings, SupportSettings

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference" / "errors.md").read_text("utf-8")


@pytest.mark.parametrize("address", ["mijnprofiel", "javascript:alert(1)", "https://", "//x.test/"])
def test_a_profile_that_is_no_web_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="write a web address"):
        SupportSettings(profile_url=address)


def kinds(error: type[GatewayError]) -> set[type[GatewayError]]:
    return {error}.union(*(kinds(kind) for kind in error.__subclasses__()))


def test_the_reference_names_every_error() -> None:
    named = set(re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", REFERENCE, re.MULTILINE))
    ours = {kind for kind in kinds(GatewayError) if kind.__module__ == "gateway.errors"}
    assert named == {(kind.code, str(kind.status)) for kind in ours}


def test_the_reference_names_every_cause_of_a_failed_login() -> None:
    assert set(CAUSES) <= set(re.findall(r"`([a-z-]+)`", REFERENCE))


def test_a_warning_leaves_time_to_save() -> None:
    assert SessionBarSettings.model_validate({"warn": "1m"}).warn == 60.0
    with pytest.raises(ValidationError, match="write 1m or more"):
        SessionBarSettings.model_validate({"warn": "10s"})
