"""The page about several machines says what the code needs."""

from __future__ import annotations

from gateway.session.redis_permissions import grants
from tests.forked import ROOT

PAGE = (ROOT / "docs/fleet.md").read_text("utf-8")


def test_the_user_of_redis_gets_exactly_what_a_gateway_needs() -> None:
    shown = PAGE.partition("ACL SETUSER toegangspoort on >PASSWORD")[2].partition("\n\n")[0]
    assert shown.replace("\\", "").split() == grants("{toegangspoort:prd}:").split()
