"""What came a short while ago."""

from __future__ import annotations

from gateway.caching.seen import Seen


def test_what_comes_again_was_seen() -> None:
    seen = Seen()
    assert [seen.before(each) for each in ("a", "b", "a", "a", ("a", 1), ("a", 1))] == [
        False, False, True, True, False, True,
    ]  # fmt: skip


def test_it_forgets_all_rather_than_grow() -> None:
    seen = Seen(3)
    for each in "abcd":
        seen.before(each)
    assert seen.before("d")
    assert not seen.before("a")
    for number in range(1_000):
        seen.before(number)
        assert seen.before(number)
