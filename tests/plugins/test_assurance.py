"""The policy `assurance`: means by name, URN or level; whoever came in weaker is asked to log in stronger."""

from __future__ import annotations

import pytest

from gateway.plugin import Allow, Deny, Distinctions, Missing, NotApplicable
from gateway.plugin.testing import LEVELS, OptionsRefused, facts, machine, person, policy
from plugins.assurance import Assurance

ACM = "urn:be:vlaanderen:authmech:"
EID, ITSME, TOTP, PASSWORD = (ACM + name for name in ("eid", "itsme", "csamtotp", "password"))


@pytest.mark.parametrize(
    ("options", "accepted"),
    [
        ({"any_of": ["itsme", EID]}, (ITSME, EID)),
        ({"level": 26}, (EID, ITSME, TOTP)),
        ({"level": 27}, (EID, ITSME)),
        ({"level": 35}, (EID,)),
    ],
)
def test_what_is_strong_enough(options: dict[str, object], accepted: tuple[str, ...]) -> None:
    asked = policy(Assurance, options)
    for urn in LEVELS:
        verdict = asked.decide(facts(identity=person(acr=urn)))
        assert isinstance(verdict, Allow) is (urn in accepted)
        if isinstance(verdict, Deny):
            ((missing,),) = verdict.alternatives
            assert (missing.kind, missing.remedy, missing.acr_values) == ("assurance", "step_up", accepted)
    assert asked.distinctions() == Distinctions(acrs=accepted, kinds=("machine",))


def test_an_unnamed_way_to_log_in_cannot_be_judged() -> None:
    verdict = policy(Assurance, {"level": 27}).decide(facts(identity=person()))
    assert isinstance(verdict, NotApplicable)
    assert verdict.alternatives[0][0].acr_values == (EID, ITSME)


def test_an_unknown_way_to_log_in_is_not_enough() -> None:
    assert isinstance(policy(Assurance, {"level": 1}).decide(facts(identity=person(acr=ACM + "eidx"))), Deny)


def test_nobody_is_asked_to_log_in_and_a_machine_cannot() -> None:
    asked = policy(Assurance, {"level": 27})
    assert isinstance(asked.decide(facts()), NotApplicable)
    assert asked.decide(facts(identity=machine())) == Deny("machine-has-no-means")


def test_the_levels_are_those_of_the_environment() -> None:
    asked = policy(Assurance, {"level": 2}, levels={"urn:x:card": 2, "urn:x:word": 1})
    assert isinstance(asked.decide(facts(identity=person(acr="urn:x:card"))), Allow)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "give any_of, level or bound"),
        ({"any_of": ["eid"], "level": 3}, "give either any_of or level"),
        ({"any_of": []}, "at least 1"),
        ({"any_of": ["itsmee"]}, "unknown authentication method 'itsmee'"),
        ({"level": 36}, "no authentication method reaches level 36"),
        ({"level": "27"}, "integer"),
        ({"level": True}, "integer"),
    ],
)
def test_what_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(OptionsRefused, match=words):
        policy(Assurance, options)


def test_a_bound_session_by_itself_or_beside_the_means() -> None:
    alone, both = policy(Assurance, {"bound": True}), policy(Assurance, {"level": 27, "bound": True})
    bound, unbound = person(acr=EID, bound=True), person(acr=EID)
    missing = Missing(kind="binding", remedy="none")
    for asked in (alone, both):
        assert isinstance(asked.decide(facts(identity=bound)), Allow)
        assert asked.decide(facts(identity=unbound)) == Deny("not-bound", ((missing,),))
        assert isinstance(asked.decide(facts()), NotApplicable)
        assert asked.decide(facts(identity=machine())) == Deny("machine-has-no-means")
    weak = both.decide(facts(identity=person(acr=PASSWORD)))
    assert isinstance(weak, Deny)
    assert [each.kind for each in weak.alternatives[0]] == ["assurance", "binding"]
    weak = both.decide(facts(identity=person(acr=PASSWORD, bound=True)))
    assert isinstance(weak, Deny)
    assert [each.kind for each in weak.alternatives[0]] == ["assurance"]
    assert alone.distinctions() == Distinctions(kinds=("machine",), bindings=(True,))
