"""The short reference of a request."""

import re

from gateway.reference import reference_of


def test_it_is_short_and_follows_from_the_id() -> None:
    assert reference_of("3f2a9c1e") == reference_of("3f2a9c1e")
    assert re.fullmatch(r"[0-9A-F]{4}-[0-9A-F]{4}", reference_of("a\r\n\udc80"))


def test_ids_that_begin_alike_have_other_references() -> None:
    # The first digits of a UUID of version 7 are the time.
    ids = [f"019aa5e0-7{number:03x}-7000-8000-000000000000" for number in range(1000)]
    assert len({reference_of(each) for each in ids}) == 1000
