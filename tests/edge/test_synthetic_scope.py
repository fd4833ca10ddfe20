"""A request that is asked about has the scope that the listener would have made of it."""

from __future__ import annotations

import pytest

from gateway.edge.synthetic_scope import synthetic_scope


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [(b"/a%2Fb?c=d?e", "/a%2Fb", b"c=d?e"), (b"/\xe9", "/\xe9", b""), (b"/a?", "/a", b"")],
)
def test_the_target_stays_as_it_came(target: bytes, path: str, query: bytes) -> None:
    found = synthetic_scope("GET", target, [(b"host", b"gw.test")], "192.0.2.7")
    assert (found["raw_target"], found["raw_path"]) == (target, target.partition(b"?")[0])
    assert (found["path"], found["query_string"]) == (path, query)
    assert (found["method"], found["headers"], found["client"][0]) == (
        "GET", [(b"host", b"gw.test")], "192.0.2.7",
    )  # fmt: skip
