"""A bounded dictionary whose entries last for a while."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.caching.recent import Recent


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_entry_lasts_for_its_time() -> None:
    clock = Clock()
    recent = Recent[str, int](2, 5.0, clock)
    recent["a"] = 1
    clock.now = 4.9
    assert (recent.get("a"), "a" in recent) == (1, True)
    clock.now = 5.0
    assert (recent.get("a"), "a" in recent) == (None, False)


def test_a_clock_that_is_set_back_ends_entries() -> None:
    clock = Clock()
    clock.now = 10_000.0
    recent = Recent[str, int](2, 5.0, clock)
    recent["a"] = 1
    clock.now -= 3_600.0
    assert (recent.get("a"), list(recent.items())) == (None, [])
    recent["a"] = 2
    clock.now += 4.0
    assert recent.get("a") == 2


def test_the_oldest_gives_way_and_setting_again_makes_young() -> None:
    recent = Recent[str, int](2, 5.0, Clock())
    recent["a"], recent["b"] = 1, 2
    recent["a"] = 3
    recent["c"] = 4
    assert dict(recent.items()) == {"a": 3, "c": 4}
    assert recent.pop("a") == 3
    assert recent.pop("a") is None
    recent.clear()
    assert not list(recent.items())


def test_without_time_nothing_is_kept() -> None:
    recent = Recent[str, int](2, 0.0, Clock())
    recent["a"] = 1
    assert recent.get("a") is None


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 3)), max_size=40))
def test_it_is_never_larger_than_its_size_and_never_gives_what_is_over(
    steps: list[tuple[int, float]],
) -> None:
    clock = Clock()
    recent = Recent[int, float](3, 2.0, clock)
    for key, pause in steps:
        clock.now += pause
        recent[key] = clock.now
        assert len(list(recent.items())) <= 3
        assert all(clock.now - value < 2.0 for _, value in recent.items())
        assert recent.get(key) == clock.now
