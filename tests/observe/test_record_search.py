"""Records are found by what people have of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.observe.record_search import Query, Search, short_reference
from gateway.reference import reference_of

RECORD: dict[str, Any] = {
    "kind": "request", "now": 100.0, "request_id": "r-1", "status": 403, "rule": "own", "path": "/meldingen/1",
    "who": {"person": "abcdefgh", "also": ["zyxwvuts"], "organisation": "0428315871"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(), True),
        (Query(since=100.0, until=100.1), True),
        (Query(since=100.1), False),
        (Query(until=100.0), False),
        (Query(persons=("abcd",)), True),
        (Query(persons=("zyxwvuts",)), True),
        (Query(persons=("q", "abcd")), True),
        (Query(persons=("bcde",)), False),
        (Query(organisation="0428315871"), True),
        (Query(organisation="0428315872"), False),
        (Query(status="4xx"), True),
        (Query(status="404"), False),
        (Query(path="/meld"), True),
        (Query(path="/x"), False),
        (Query(reference="r-1"), True),
        (Query(reference=reference_of("r-1").lower().replace("-", "")), True),
        (Query(reference="0000-0000"), False),
        (Query(exact={"rule": "own", "kind": "request"}), True),
        (Query(exact={"rule": "ow"}), False),
    ],
)
def test_all_that_is_given_must_match(tmp_path: Path, query: Query, found: bool) -> None:
    file = tmp_path / "r"
    file.write_text(f"{json.dumps(RECORD)}\n{{cut\n[1]\n")
    search = Search(query)
    assert list(search.run([file])) == ([RECORD] if found else [])
    assert search.seen == 3


def test_short_references_as_people_write_them() -> None:
    assert short_reference(" 4c2538B9 ") == short_reference("4C25-38B9") == "4C25-38B9"
    assert short_reference("4c25-38b") is None


@pytest.mark.parametrize("now", [1e300, float("inf"), float("nan"), -1e300, "100", None])
def test_a_record_of_a_moment_that_is_none_is_left_out(tmp_path: Path, now: Any) -> None:
    (tmp_path / "r.jsonl").write_text(f"{json.dumps({**RECORD, 'now': now})}\n{json.dumps(RECORD)}\n")
    assert [each["now"] for each in Search(Query()).run([tmp_path / "r.jsonl"])] == [100.0]
