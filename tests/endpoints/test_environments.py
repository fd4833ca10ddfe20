"""T&I and PRD side by side: what one environment gave is nothing in the other."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from gateway.session.ticket import SessionCipher
from simulator.login import login
from tests.gateway_fixture import gateway_fixture


def test_a_cookie_of_one_environment_is_no_session_in_the_other(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with gateway_fixture(tmp_path / "a", name="ti") as ti, gateway_fixture(tmp_path / "b", name="prd") as prd:
        cookie = login(ti.url, "indiener")
        name, _, ticket = cookie.partition("=")
        assert name == "tgp-ti-session"
        assert (
            httpx2.get(f"{ti.url}/oauth2/userinfo", headers={"cookie": cookie}, trust_env=False).status_code
            == 200
        )
        for there in (cookie, f"tgp-prd-session={ticket}", f"{cookie}; tgp-prd-session={ticket}"):
            answer = httpx2.get(f"{prd.url}/oauth2/userinfo", headers={"cookie": there}, trust_env=False)
            assert answer.status_code == 401
        # Neither is the cookie of a login that was begun in the other environment.
        begun = httpx2.get(f"{ti.url}/oauth2/start", trust_env=False)
        flow = begun.headers["set-cookie"].partition(";")[0]
        state = begun.headers["location"].partition("state=")[2].partition("&")[0]
        as_prd = flow.replace("tgp-ti-", "tgp-prd-")
        answer = httpx2.get(
            f"{prd.url}/oauth2/callback?code=x&state={state}", headers={"cookie": as_prd}, trust_env=False
        )
        assert answer.status_code == 400
        assert answer.json()["reason"] == "flow-unknown"


def test_a_store_that_is_copied_over_opens_nothing() -> None:
    text = "A" * 43
    ti = SessionCipher("ti", (b"k" * 32,))
    sealed = ti.seal(ti.ticket(text), b"session")
    assert ti.open(ti.ticket(text), sealed) == b"session"
    for other in (SessionCipher("prd", (b"k" * 32,)), SessionCipher("ti", (b"l" * 32,))):
        assert other.open(other.ticket(text), sealed) is None
    assert SessionCipher("prd", (b"k" * 32,)).ticket(text) != ti.ticket(text)


@pytest.mark.parametrize("name", ["ti", "prd"])
def test_only_ti_shows_a_banner(tmp_path: Path, name: str) -> None:
    with gateway_fixture(tmp_path, name=name) as gate:
        page = httpx2.get(f"{gate.url}/nothing", headers={"accept": "text/html"}, trust_env=False)
        assert page.status_code == 403
        assert ("T&amp;I" in page.text) is (name == "ti")
