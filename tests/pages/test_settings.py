"""What operators may write under `support:`."""

import pytest
from pydantic import ValidationError

from gateway.pages.settings import SessionBarSettings, SupportSettings


@pytest.mark.parametrize("address", ["mijnprofiel", "javascript:alert(1)", "https://", "//x.test/"])
def test_a_profile_that_is_no_web_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="write a web address"):
        SupportSettings(profile_url=address)


def test_a_warning_leaves_time_to_save() -> None:
    assert SessionBarSettings.model_validate({"warn": "1m"}).warn == 60.0
    with pytest.raises(ValidationError, match="write 1m or more"):
        SessionBarSettings.model_validate({"warn": "10s"})
