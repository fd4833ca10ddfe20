"""The test kit of policy authors."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.plugin import Allow, Right
from gateway.plugin.testing import OptionsRefused, answer, facts, machine, person, policies, policy
from tests.plugins.combinators import No, Yes


def test_a_person_has_rights_for_an_organisation() -> None:
    found = person("App-Writer", "App", "App-Reader:OVO1", organisation="0428315871")
    assert found.rights == (
        Right("App", "Writer", "0428315871"),
        Right("App", None, "0428315871"),
        Right("App", "Reader", "OVO1"),
    )
    assert person(organisation=None).organisation is None


def test_a_machine_has_scopes_and_no_organisation() -> None:
    found = machine("read", audiences=("api",))
    assert (found.kind, found.scopes, found.audiences, found.organisation) == (
        "machine", ("read",), ("api",), None,
    )  # fmt: skip


def test_a_policy_is_loaded_as_the_gateway_does_it() -> None:
    assert policy(Yes).decide(facts()) == Allow("yes")
    with pytest.raises(OptionsRefused, match=r"^no\.whta: "):
        policy(No, {"whta": "x"})


def test_the_policies_of_a_folder_are_found_beside_the_shipped_ones() -> None:
    found = policies(Path(__file__).parent.parent.parent / "examples/plugins")
    assert {"email-domain", "right"} <= set(found)


async def test_who_asks_nothing_has_no_answer() -> None:
    with pytest.raises(TypeError, match="asks nothing"):
        await answer(policy(Yes), facts())
