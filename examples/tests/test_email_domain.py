"""The example policy `email-domain`, tested the way you test a policy of your own."""

from pathlib import Path

import pytest

from gateway.plugin import Allow, Deny, NotApplicable
from gateway.plugin.testing import OptionsRefused, facts, person, policies, policy

EmailDomain = policies(Path(__file__).parent.parent / "plugins")["email-domain"]


@pytest.mark.parametrize("email", ["els@ovam.be", "ELS@OVAM.BE"])
def test_whose_domain_fits(email: str) -> None:
    assert policy(EmailDomain, ["ovam.be"]).decide(facts(identity=person(email=email))) == Allow(
        "domain-fits"
    )


@pytest.mark.parametrize(
    "email", ["els@sub.ovam.be", "els@ovam.be.example.com", "ovam.be@example.com", "", None]
)
def test_whose_domain_does_not(email: str | None) -> None:
    verdict = policy(EmailDomain, ["ovam.be"]).decide(facts(identity=person(email=email)))
    assert isinstance(verdict, Deny)
    assert verdict.alternatives[0][0].detail == "e-mail @ovam.be"


def test_nobody_is_asked_to_log_in() -> None:
    assert isinstance(policy(EmailDomain, ["ovam.be"]).decide(facts()), NotApplicable)


def test_no_domain_at_all_is_refused() -> None:
    with pytest.raises(OptionsRefused):
        policy(EmailDomain, [])
