"""Equivalence classes: every distinguished value has a cell, with a decision input that stands for it."""

from __future__ import annotations

from gateway.analysis.equivalence import dimensions, input_in_circumstances, input_of_class
from gateway.plugin.distinctions import Distinctions
from tests.policy.conftest import given


def test_cells_stand_for_what_policies_distinguish() -> None:
    distinctions = Distinctions(
        rights=(("A", "B"),),
        organisations=("OVO1",),
        clients=("10.0.0.0", "11.0.0.0"),
        sources=(("limit", True),),
    )
    found = {each.key: each for each in dimensions(distinctions, {"123": "{kbo}"}, {("A", "B"): "indiener"})}
    assert {key: [cell.words for cell in each.cells] for key, each in found.items() if each.about_person} == {
        ("rights", "A-B"): ["with right indiener", "without right indiener"],
        ("organisations", ""): ["for OVO1", "for {kbo}", "for another organisation"],
    }
    clients = found["clients", ""]
    assert [cell.words for cell in clients.cells][:3] == [
        "from 0.0.0.0 to 9.255.255.255",
        "from 10.0.0.0/8",
        "from 11.0.0.0 to 255.255.255.255",
    ]
    chosen = [(each, each.cells[0]) for each in found.values()]
    made = input_of_class(given("/"), True, chosen)
    assert made.identity is not None
    assert made.identity.organisation is not None
    assert [(right.name, right.context) for right in made.identity.rights] == [("A", "B")]
    assert (made.identity.organisation.code, made.client, made.facts) == ("OVO1", "0.0.0.0", {"limit": True})
    assert input_of_class(given("/"), False, chosen).identity is None


def test_a_circumstance_keeps_the_person() -> None:
    (dimension,) = dimensions(Distinctions(moments=(100.0,)), {}, {})
    assert [cell.value for cell in dimension.cells] == [99.0, 100.0]
    asked = given("/")
    assert input_in_circumstances(asked, [(dimension, dimension.cells[1])]) == asked._replace(now=100.0)
