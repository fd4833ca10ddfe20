"""JSON objects of tokens and of other servers: read in one way only."""

from __future__ import annotations

import json
from typing import Any


def json_object(octets: bytes) -> dict[str, Any]:
    """A JSON object in UTF-8 without duplicate names (RFC 7519 4). Raises ValueError for anything else."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("duplicate name")
        return found

    def no_constant(name: str) -> None:
        raise ValueError(name)

    try:
        value = json.loads(octets.decode("utf-8"), object_pairs_hook=once, parse_constant=no_constant)
        # An escaped half of a surrogate pair is valid JSON, but cannot be encoded again.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError as problem:
        raise ValueError("nested too deep") from problem
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value
