"""The policy `network`: the client's address in one of these networks, in whichever form it comes."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.plugin import Allow, Deny, Distinctions, NotApplicable
from gateway.plugin.testing import OptionsRefused, facts, policy
from plugins.network import FromNetwork
from plugins.not_ import Not

ASKED = policy(FromNetwork, ["10.0.0.0/8", "2001:db8::/32", "::ffff:192.168.0.0/112", "192.0.2.7"])


@pytest.mark.parametrize(
    ("client", "inside"),
    [
        ("10.0.0.0", True),
        ("10.255.255.255", True),
        ("11.0.0.0", False),
        ("9.255.255.255", False),
        ("::ffff:10.1.2.3", True),
        ("::ffff:11.1.2.3", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("192.168.255.1", True),
        ("::ffff:192.168.1.1", True),
        ("192.169.0.1", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("::10.0.0.1", False),
    ],
)
def test_addresses(client: str, inside: bool) -> None:
    verdict = ASKED.decide(facts(client=client))
    assert isinstance(verdict, Allow if inside else Deny)
    if isinstance(verdict, Deny):
        ((missing,),) = verdict.alternatives
        assert (missing.kind, missing.remedy) == ("network", "none")
        assert missing.detail == "10.0.0.0/8, 2001:db8::/32, 192.168.0.0/16, 192.0.2.7/32"


@pytest.mark.parametrize("client", ["", "unknown", "10.0.0.1:80", "10.0.0.01"])
def test_an_address_that_is_none_denies_also_under_not(client: str) -> None:
    assert isinstance(ASKED.decide(facts(client=client)), NotApplicable)
    turned = policy(Not, {"network": ["10.0.0.0/8"]}, others=(FromNetwork,))
    assert isinstance(turned.decide(facts(client=client)), NotApplicable)


@pytest.mark.parametrize(
    "written", [[], ["10.0.0.1/8"], ["10.0.0/8"], [10], ["2001:db8::1/32"], "10.0.0.0/8"]
)
def test_what_is_refused(written: Any) -> None:
    with pytest.raises(OptionsRefused):
        policy(FromNetwork, written)


def test_host_bits_are_told() -> None:
    with pytest.raises(OptionsRefused, match=r"'10\.0\.0\.1/8' is not a network: .*host bits"):
        policy(FromNetwork, {"any_of": ["10.0.0.1/8"]})


@pytest.mark.parametrize("address", ["fe80::1%eth0", "fe80::1%eth0/128", "fe80::%1/64"])
def test_an_interface_is_no_part_of_a_network(address: str) -> None:
    with pytest.raises(OptionsRefused, match="names an interface of one machine"):
        policy(FromNetwork, [address])


def test_what_it_tells_apart() -> None:
    asked = policy(FromNetwork, ["10.0.0.0/8", "255.0.0.0/8"])
    assert asked.distinctions() == Distinctions(clients=("10.0.0.0", "11.0.0.0", "255.0.0.0"))
    assert asked.to_data() == {"network": ["10.0.0.0/8", "255.0.0.0/8"]}
