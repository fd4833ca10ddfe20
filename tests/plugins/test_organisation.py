"""The policy `organisation`: for whom the session acts, in which doelgroep, and whether that is who the path names."""

from __future__ import annotations

import pytest

from gateway.plugin import Allow, Deny, Distinctions, NotApplicable
from gateway.plugin.testing import OptionsRefused, facts, person, policy
from plugins.organisation import Organisation


def test_one_of_these_organisations() -> None:
    asked = policy(Organisation, {"any_of": ["0428315871", "OVO001234"]})
    assert asked.decide(facts(identity=person(organisation="OVO001234"))) == Allow("organisation-fits")
    for other in ("OVO001235", "ovo001234", None):
        verdict = asked.decide(facts(identity=person(organisation=other)))
        assert isinstance(verdict, Deny)
        assert verdict.alternatives[0][0].organisation == "0428315871, OVO001234"
        assert verdict.alternatives[0][0].remedy == "switch"


def test_one_of_these_doelgroepen() -> None:
    asked = policy(Organisation, {"doelgroep": ["GID", "LB"]})
    assert isinstance(asked.decide(facts(identity=person(doelgroep="LB"))), Allow)
    for other in ("EA", "gid", None):
        verdict = asked.decide(facts(identity=person(doelgroep=other)))
        assert isinstance(verdict, Deny)
        assert (verdict.alternatives[0][0].kind, verdict.alternatives[0][0].detail) == (
            "doelgroep",
            "GID, LB",
        )


def test_the_organisation_of_the_path() -> None:
    asked = policy(Organisation, {"equals": "{kbo}"}, variables=("kbo",))
    here = {"kbo": "0428315871"}
    assert isinstance(asked.decide(facts(identity=person(), variables=here)), Allow)
    verdict = asked.decide(facts(identity=person(organisation="0777000187"), variables=here))
    assert isinstance(verdict, Deny)
    assert verdict.alternatives[0][0].organisation == "0428315871"
    assert isinstance(asked.decide(facts(identity=person(organisation=None), variables=here)), Deny)
    with pytest.raises(KeyError):
        asked.decide(facts(identity=person()))


def test_every_option_must_hold_and_all_that_is_missing_is_told() -> None:
    asked = policy(Organisation, {"any_of": ["OVO001234"], "doelgroep": ["GID"]})
    verdict = asked.decide(facts(identity=person(doelgroep="EA")))
    assert isinstance(verdict, Deny)
    assert [missing.kind for missing in verdict.alternatives[0]] == ["organisation", "doelgroep"]


def test_nobody_is_asked_to_log_in() -> None:
    assert isinstance(policy(Organisation, {"doelgroep": ["GID"]}).decide(facts()), NotApplicable)


def test_what_is_refused() -> None:
    with pytest.raises(OptionsRefused, match="at least one of"):
        policy(Organisation, {})
    with pytest.raises(OptionsRefused, match="unknown path variable"):
        policy(Organisation, {"equals": "{kbo}"})
    with pytest.raises(OptionsRefused, match="string"):
        policy(Organisation, {"any_of": [428315871]})
    for nobody in ({"any_of": []}, {"doelgroep": []}, {"any_of": [""]}):
        with pytest.raises(OptionsRefused):
            policy(Organisation, nobody)


def test_what_it_tells_apart() -> None:
    asked = policy(Organisation, {"any_of": ["OVO001234"], "doelgroep": ["GID"]})
    assert asked.distinctions() == Distinctions(organisations=("OVO001234",), doelgroepen=("GID",))
