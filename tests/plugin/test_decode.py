"""From data under `require:` to policies, with the place of each fault."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from gateway.plugin import Allow, Facts, Field, LoadContext, Policy, UnknownName, Verdict
from gateway.plugin.decode import Decoder, Place, option_names


class Plain(Policy, name="plain"):
    """Has options."""

    size: Annotated[int, Field(strict=True)] = 1
    from_: str = Field(default="", alias="from")

    def decide(self, facts: Facts) -> Verdict:
        return Allow()


class Group(Policy, name="group", inline="parts"):
    """Has policies."""

    parts: tuple[Policy, ...]
    other: Policy | None = None

    def decide(self, facts: Facts) -> Verdict:
        return Allow()


def decoded(node: Any) -> tuple[Policy | None, list[tuple[Place, Any]]]:
    faults: list[tuple[Place, Any]] = []
    decoder = Decoder(
        {"plain": Plain, "group": Group}, LoadContext(), lambda place, fault: faults.append((place, fault))
    )
    return decoder.policy(node, ("require", 0)), faults


@pytest.mark.parametrize(
    ("node", "data"),
    [
        ("plain", "plain"),
        ({"plain": None}, "plain"),
        ({"plain": {"size": 2, "from": "x"}}, {"plain": {"size": 2, "from": "x"}}),
        ({"group": ["plain", {"group": ["plain"]}]}, {"group": ["plain", {"group": ["plain"]}]}),
        ({"group": {"parts": ["plain"]}}, {"group": ["plain"]}),
    ],
)
def test_what_is_read_comes_back(node: Any, data: Any) -> None:
    found, faults = decoded(node)
    assert not faults
    assert found is not None
    assert found.to_data() == data


@pytest.mark.parametrize(
    ("node", "place"),
    [
        ("other", ()),
        (3, ()),
        ({"plain": 3}, ("plain",)),
        ({"plain": {"size": "x"}}, ("plain", "size")),
        ({"plain": {"sise": 2}}, ("plain", "sise")),
        ({"group": "plain"}, ("group",)),
        ({"group": ["plain", "other"]}, ("group", 1)),
        ({"group": {"parts": [{"plain": {"size": "x"}}]}}, ("group", "parts", 0, "plain", "size")),
    ],
)
def test_a_fault_has_its_place(node: Any, place: Place) -> None:
    found, faults = decoded(node)
    assert found is None
    assert [where for where, _ in faults] == [("require", 0, *place)]


def test_every_fault_is_reported() -> None:
    _, faults = decoded({"group": ["other", {"plain": {"size": "x"}}]})
    assert len(faults) == 2
    assert isinstance(faults[0][1], UnknownName)


def test_nesting_has_a_limit() -> None:
    node: Any = "plain"
    for _ in range(25):
        node = {"group": [node]}
    _, faults = decoded(node)
    assert [str(fault) for _, fault in faults] == ["policies are nested deeper than 20 levels"]


def test_options_are_named_as_in_the_file() -> None:
    assert option_names(Plain) == ("size", "from")
