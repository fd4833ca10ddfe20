"""Whether the caller may do this: rules, and what the denial says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.blocks.block_list import Block, change
from tests.gateway_fixture import Browser, GatewayFixture, scripted_gateway
from tests.gateways import PLUGINS


def test_nobody_needs_a_login_where_a_rule_asks_for_one(nobody: Browser) -> None:
    response = nobody.call("/echo")
    assert (response.status_code, response.json()["code"]) == (401, "login-required")
    assert nobody.call("/public/x").status_code == 200


def test_a_login_that_must_be_strong_says_so(nobody: Browser) -> None:
    assert "acr_values=" in nobody.call("/strong").json()["login_url"]


def test_a_denial_carries_what_is_missing(
    gate: GatewayFixture, records_of: Callable[[httpx2.Response], list[dict[str, Any]]]
) -> None:
    before, gate.op.claims["ovam_rol_3d"] = gate.op.claims["ovam_rol_3d"], []
    try:
        browser = gate.browser()
        browser.log_in()
    finally:
        gate.op.claims["ovam_rol_3d"] = before
    response = browser.call("/filed/1")
    assert response.status_code == 403
    assert response.json()["missing"][0][0]["right"] == "OVAMGebruiker"
    (record,) = records_of(response)
    assert (record["verdict"], record["rule"]) == ("deny", "filed")


UNHELPFUL = """
from gateway.plugin import Deny, Distinctions, Facts, Missing, Policy, Verdict

class FarAway(Policy, name="far-away"):
    \"\"\"Closed until after the end of all calendars.\"\"\"

    def decide(self, facts: Facts) -> Verdict:
        return Deny("no", ((Missing("time", "wait", detail="0001-01-01T00:00:00+14:00"),),))

    def distinctions(self) -> Distinctions:
        return Distinctions(moments=(-1e30, 1e30, float("nan")))

class Baffled(FarAway, name="baffled"):
    \"\"\"Fails when it is asked what it looks at, but not at the first times.\"\"\"

    def distinctions(self) -> Distinctions:
        if self.method_of_last == "GET":
            raise RuntimeError("nobody tried this")
        return Distinctions()

    method_of_last: str = ""

    def decide(self, facts: Facts) -> Verdict:
        object.__setattr__(self, "method_of_last", facts.method)
        return FarAway.decide(self, facts)
"""


@pytest.mark.parametrize("name", ["far-away", "baffled"])
def test_a_policy_that_is_no_help_still_denies_with_a_page(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "unhelpful.py").write_text(UNHELPFUL)
    rules = [{"id": "r", "match": {"path": "/**"}, "require": ["authenticated", name]}]
    with (
        scripted_gateway(tmp_path, rules=rules, plugins=(PLUGINS, str(folder))) as site,
        site.browser() as browser,
    ):
        browser.log_in()
        page = browser.page("/x")
        assert (page.status_code, page.headers["content-type"]) == (403, "text/html; charset=utf-8")
        problem = browser.call("/x")
        assert (problem.status_code, problem.json()["plans"]) == (403, [])


@pytest.mark.parametrize("path", ["/echo", "/filed/1"])
def test_a_block_comes_before_every_rule(
    gate: GatewayFixture, alice: Browser, path: str, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    file = gate.gateway.settings.session.store.path
    assert file is not None
    blocks = file.with_name(f"{file.name}.blocks.json")
    block = Block("b1", "organisation", "0428315871", "tried", "test", gate.clock())
    change(blocks, "ti", lambda _: [block])
    try:
        wait_for(lambda: alice.call(path).status_code == 403)
        assert alice.call(path).json()["code"] == "blocked"
    finally:
        change(blocks, "ti", lambda _: [])
        wait_for(lambda: alice.call(path).status_code == 200)
