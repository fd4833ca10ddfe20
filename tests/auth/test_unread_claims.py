"""A login with claims that cannot be read: in the log once, on the pages, and never a 500."""

from __future__ import annotations

import re

import pytest

from tests.gateway_fixture import PAGE, GatewayFixture


def test_who_logs_in_with_claims_that_cannot_be_read_is_told(
    whole: GatewayFixture, caplog: pytest.LogCaptureFixture
) -> None:
    whole.op.claims |= {"vo_orgcode": ["0456789034"], "ovam_rol_3d": {"Secret-right": 1}}
    visitor = whole.browser()
    back = visitor.log_in("/oauth2/access")
    assert back.status_code == 302
    (line,) = [
        each.getMessage() for each in caplog.records if "claims could not be read" in each.getMessage()
    ]
    assert re.search(r"'request_id': '[0-9a-f]{32}'", line)
    assert "vo_orgcode: not-text" in line
    assert "ovam_rol_3d: not-a-list" in line
    assert "Secret-right" not in caplog.text
    page = visitor.go("/oauth2/access", headers={**PAGE, "accept-language": "nl"})
    assert page.status_code == 200
    assert "vo_orgcode, ovam_rol_3d" in page.text
    assert "1700" in page.text
    assert re.search(r"vermeld de referentie [0-9A-F]{4}-[0-9A-F]{4}\.", page.text)
    data = visitor.go("/oauth2/access", headers={"accept": "application/json"}).json()
    assert data["unread_claims"] == [
        {"claim": "vo_orgcode", "fault": "not-text"},
        {"claim": "ovam_rol_3d", "fault": "not-a-list"},
    ]
