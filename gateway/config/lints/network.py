"""Network addresses that say less than they seem to: behind a proxy that isn't trusted, or with trust in everybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Any, Final

from gateway.analysis.lint import Finding
from gateway.config.load import Source
from gateway.plugin import Distinctions
from gateway.policy.ruleset import Rule, RuleSet, walk

Network = IPv4Network | IPv6Network
# A shorter prefix holds more than any operator's proxies, or more than anybody's office.
_WIDE: Final = {4: 8, 6: 20}


def network(source: Source, name: str) -> Iterator[Finding]:
    """The findings about one environment's `edge.trusted_proxies`, and its rules that look at the client's address."""
    settings, rules = source.config.environments[name], source.config.rules[name]
    trusted = settings.edge.trusted_proxies
    for each in _wide(trusted):
        words = (
            f"{each} is trusted as a proxy: whoever connects from there can claim any client address in"
            " X-Forwarded-For; write the addresses of your own proxies"
        )
        at = source.at(("environments", name, "edge", "trusted_proxies"), at_key=False)
        yield Finding(at, "wide-proxy", words)
    yield from _of_fronts(source, name)
    yield from _of_rules(rules, trusted)
    looking = [rule.id for rule in rules.every if _looks_at_client(rule)]
    if looking and not trusted and settings.public_url.startswith("https:"):
        words = (
            f"rules look at the client's address ({', '.join(looking[:3])}), but `edge: {{trusted_proxies: [...]}}` is"
            " empty: with https in front of the gateway every request comes from that proxy, and they judge the proxy"
        )
        yield Finding(source.at(("environments", name)), "proxy-not-trusted", words)


def _of_fronts(source: Source, name: str) -> Iterator[Finding]:
    """The public listener takes what a front sends there for its clients' only where it is a trusted proxy."""
    settings = source.config.environments[name]
    trusted = settings.edge.trusted_proxies
    asking = ((front, peer) for front, each in settings.fronts.items() for peer in each.peers)
    for front, peer in asking:
        if any(peer.network_address in each and peer.prefixlen >= each.prefixlen for each in trusted):
            continue
        words = (
            f"front {front!r} asks from {peer}, which `edge: {{trusted_proxies: [...]}}` lacks: logins and forms that it"
            " sends to the public listener count as those of one client, with one limit for all"
        )
        at = source.at(("environments", name, "fronts", front, "peers"), at_key=False)
        yield Finding(at, "front-not-trusted", words)


def _of_rules(rules: RuleSet, trusted: tuple[Network, ...]) -> Iterator[Finding]:
    for rule in rules.every:
        for each in dict.fromkeys(_networks(rule)):
            if each in _wide((each,)) and "wide-network" not in rule.accepts:
                words = f"rule {rule.id!r} counts {each} as one network, which is most of the internet: write your own networks"
                yield Finding(rule.at, "wide-network", words)
            shared = [other for other in trusted if _overlap(each, other)]
            if shared and "trusted-network" not in rule.accepts:
                words = (
                    f"rule {rule.id!r} asks for the network {each}, in which proxies are trusted ({shared[0]}): whoever has such"
                    " an address can claim any other in X-Forwarded-For; trust only the addresses of the proxies"
                )
                yield Finding(rule.at, "trusted-network", words)


def _looks_at_client(rule: Rule) -> bool:
    return any(
        (policy.distinctions() or Distinctions()).clients or getattr(policy, "per", None) == "client"
        for policy in walk(rule.require)
    )


def _networks(rule: Rule) -> Iterator[Network]:
    for policy in walk(rule.require):
        listed: Any = getattr(policy, "any_of", None)
        yield from (each for each in listed or () if isinstance(each, IPv4Network | IPv6Network))


def _wide(networks: Iterable[Network]) -> list[Network]:
    """Networks that are too wide, also where they are written as several parts."""
    several = tuple(networks)
    merged: list[Network] = [
        *collapse_addresses(each for each in several if isinstance(each, IPv4Network)),
        *collapse_addresses(each for each in several if isinstance(each, IPv6Network)),
    ]
    return [each for each in merged if each.prefixlen < _WIDE[each.version]]


def _overlap(one: Network, other: Network) -> bool:
    # A single proxy in the office is as it should be: people there don't have its address.
    return other.num_addresses > 1 and one.overlaps(other)
