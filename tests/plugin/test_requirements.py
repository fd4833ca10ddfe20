"""What is missing, combined: minimal alternatives, and few of them."""

from __future__ import annotations

from gateway.plugin import NOTHING_HELPS, NOTHING_MISSING, Alternatives, Missing, all_of, any_of


def missing(*names: str) -> tuple[Missing, ...]:
    return tuple(Missing(kind="other", remedy="none", detail=name) for name in names)


def names(alternatives: Alternatives) -> list[str]:
    return ["".join(each.detail or "" for each in alternative) for alternative in alternatives]


A, B, C = ((missing(name),) for name in "abc")


def test_both_conditions_need_both() -> None:
    assert names(all_of(A, B)) == ["ab"]
    assert names(all_of(any_of(A, B), C)) == ["ac", "bc"]
    assert all_of(A, NOTHING_MISSING) == A
    assert all_of(A, NOTHING_HELPS) == NOTHING_HELPS


def test_one_of_two_conditions_is_enough() -> None:
    assert names(any_of(A, B)) == ["a", "b"]
    assert any_of(A, NOTHING_HELPS) == A
    assert any_of(A, NOTHING_MISSING) == NOTHING_MISSING


def test_what_contains_a_smaller_alternative_is_left_out() -> None:
    assert names(any_of((missing("a", "b"),), A)) == ["a"]
    assert names(all_of(A, A)) == ["a"]


def test_there_are_never_many() -> None:
    several: Alternatives = tuple(missing(f"{number}") for number in range(10))
    assert len(all_of(several, tuple(missing(f"x{number}") for number in range(10)))) == 16
