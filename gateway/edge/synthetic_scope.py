"""The ASGI scope of a request that somebody asks about, and that did not come in through the listener."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.http_semantics import HeaderLine


def synthetic_scope(method: str, target: bytes, headers: Sequence[HeaderLine], client: str) -> dict[str, Any]:
    """As the listener makes it of the same request. `target` is in origin form, `client` an address."""
    path, _, query = target.partition(b"?")
    return {
        "type": "http",
        "method": method,
        "http_version": "1.1",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "raw_target": target,
        "headers": headers,
        "client": (client, 0),
    }
