"""A rule that redirects: no upstream gets the request, and the record says so."""

from __future__ import annotations

import pytest

from tests.gateway_fixture import CALL, PAGE
from tests.pipeline.conftest import Sites


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_client_is_sent_on(sites: Sites, method: str) -> None:
    seen = len(sites.main.seen)
    response = sites.gate.browser().request(method, "/old/a%C3%A9b?x=1", headers=CALL)
    assert (response.status_code, response.headers["location"]) == (308, "/new/a%C3%A9b")
    assert response.headers["cache-control"] == "no-store"
    assert len(sites.main.seen) == seen


def test_policies_come_first(sites: Sites) -> None:
    nobody, somebody = sites.gate.browser(), sites.gate.browser()
    assert "/op/" in nobody.go("/gone/x", headers=PAGE).headers["location"]
    assert nobody.call("/gone/x").status_code == 401
    somebody.log_in()
    response = somebody.call("/gone/x")
    assert (response.status_code, response.headers["location"]) == (302, "https://other.test/")


def test_the_record_has_a_verdict_of_its_own(sites: Sites) -> None:
    browser = sites.gate.browser()
    wanted = browser.call("/old/1").headers["x-request-id"]
    (record,) = sites.gate.records_with(wanted)
    assert (record["verdict"], record["rule"], record["location"]) == ("redirect", "old", "/new/1")
    assert "missing" not in record
    assert "upstream" not in record
