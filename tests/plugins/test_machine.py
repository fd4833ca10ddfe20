"""The policy `machine`: API clients with the scopes that are asked, for the organisations that are asked."""

from __future__ import annotations

import pytest

from gateway.plugin import Allow, Deny, Distinctions, NotApplicable
from gateway.plugin.testing import OptionsRefused, facts, machine, person, policy
from plugins.machine import Machine
from plugins.not_ import Not


def test_all_scopes_are_needed() -> None:
    asked = policy(Machine, {"scopes": ["read", "write"]})
    assert asked.decide(facts(identity=machine("write", "read", "more"))) == Allow("machine-fits")
    for scopes, lacking in ((("read",), "write"), ((), "read write"), (("Read", "write"), "read")):
        verdict = asked.decide(facts(identity=machine(*scopes)))
        assert isinstance(verdict, Deny)
        ((missing,),) = verdict.alternatives
        assert (missing.kind, missing.remedy, missing.detail) == ("scope", "grant", lacking)


def test_for_whom_it_acts() -> None:
    asked = policy(Machine, {"organisation": ["OVO001234"]})
    assert isinstance(asked.decide(facts(identity=machine(organisation="OVO001234"))), Allow)
    for other in ("OVO001235", None):
        verdict = asked.decide(facts(identity=machine(organisation=other)))
        assert isinstance(verdict, Deny)
        assert verdict.alternatives[0][0].organisation == "OVO001234"


def test_for_whom_the_token_is() -> None:
    asked = policy(Machine, {"audience": ["ncr-api", "ncr-bulk"]})
    assert isinstance(asked.decide(facts(identity=machine(audiences=("x", "ncr-bulk")))), Allow)
    for others in ((), ("x",), ("NCR-API",)):
        assert asked.decide(facts(identity=machine(audiences=others))) == Deny("other-audience")
    assert asked.distinctions() == Distinctions(kinds=("machine",), audiences=("ncr-api", "ncr-bulk"))


def test_a_person_is_no_machine_whatever_the_scopes() -> None:
    assert policy(Machine).decide(facts(identity=person(scopes=("read",)))) == Deny("not-a-machine")


def test_nobody_is_asked_to_log_in_also_under_not() -> None:
    assert isinstance(policy(Machine).decide(facts()), NotApplicable)
    assert isinstance(policy(Not, "machine", others=(Machine,)).decide(facts()), NotApplicable)


def test_no_organisation_at_all_is_refused() -> None:
    with pytest.raises(OptionsRefused):
        policy(Machine, {"organisation": []})


def test_what_it_tells_apart() -> None:
    asked = policy(Machine, {"scopes": ["read"], "organisation": ["OVO001234"]})
    assert asked.distinctions() == Distinctions(
        kinds=("machine",), scopes=("read",), organisations=("OVO001234",)
    )
