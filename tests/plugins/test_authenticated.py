"""The policy `authenticated`: somebody is logged in."""

from __future__ import annotations

from gateway.plugin import LOGIN, Allow, Deny, Distinctions
from gateway.plugin.testing import facts, machine, person, policy
from plugins.authenticated import Authenticated

ASKED = policy(Authenticated)


def test_whoever_is_logged_in() -> None:
    assert ASKED.decide(facts(identity=person())) == Allow("logged-in")
    assert ASKED.decide(facts(identity=machine())) == Allow("logged-in")


def test_nobody_is_asked_to_log_in() -> None:
    assert ASKED.decide(facts()) == Deny("not-logged-in", LOGIN)


def test_what_it_tells_apart() -> None:
    assert ASKED.distinctions() == Distinctions()
