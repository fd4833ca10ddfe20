"""What can be opened of the strict reading of paths, as operators write it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateway.path_openings import EMPTY_SEGMENTS, HASH, OCTETS, PARAMETERS, SLASH, PathOpenings


def test_nothing_is_open_unless_it_is_written() -> None:
    assert PathOpenings().names == frozenset()
    written = {"parameters": "strip", "encoded": ["%23", "%2f"], "empty_segments": "keep", "octets": "any"}
    assert PathOpenings.model_validate(written).names == {PARAMETERS, HASH, SLASH, EMPTY_SEGMENTS, OCTETS}


@pytest.mark.parametrize("escape", ["%2E", "%25", "%5C", "%00", "/", 2])
def test_what_has_a_meaning_everywhere_cannot_be_opened(escape: object) -> None:
    with pytest.raises(ValidationError):
        PathOpenings.model_validate({"encoded": [escape]})
