"""The decision point opens and closes with its gateway, and takes new tokens of callers without a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.decision_point.asking import ALL, TOKEN, asked_gateway, callers
from tests.waiting import until

RULES = [{"id": "all", "match": {"path": "/**"}, "require": ["authenticated"]}]
QUESTION = {
    "subject": {"type": "person", "id": "anna"},
    "action": {"name": "GET"},
    "resource": {"type": "path", "id": "/echo"},
}


def test_a_token_that_is_replaced_counts_from_then_on(tmp_path: Path) -> None:
    with asked_gateway(tmp_path, rules=RULES) as (_, program):
        assert program.post("/evaluation", QUESTION).status_code == 200
        later = tmp_path / "later"
        later.write_text("a-token-that-comes-after-the-first-one\n")
        later.chmod(0o600)
        later.replace(tmp_path / "register.token")
        renewed = program.with_token("a-token-that-comes-after-the-first-one")
        assert until(lambda: renewed.post("/evaluation", QUESTION).status_code == 200, 30.0)
        assert program.post("/evaluation", QUESTION).status_code == 401


def test_a_token_that_is_too_short_stops_the_start(tmp_path: Path) -> None:
    settings = callers(tmp_path, portal=ALL)
    (tmp_path / "portal.token").write_text(TOKEN[:8])
    with pytest.raises(RuntimeError), asked_gateway(tmp_path, {"callers": settings}, rules=RULES):
        pass
