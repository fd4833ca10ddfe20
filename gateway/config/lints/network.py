"""Network addresses that say less than they seem to: behind a proxy that isn't trusted, or with trust in everybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.analysis.lint import Finding
from gateway.config.load import Source
from gateway.config.model import LOCAL_HOSTS
from gateway.plugin import Distinctions
from gateway.policy.ruleset import Rule, RuleSet, walk
from gateway.settings import UNIX

Network = IPv4Network | IPv6Network
_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
# What no packet from a client has as its source.
_UNROUTABLE: Final = tuple(
    (ip_network(each), what)
    for several, what in (
        (_LOOPBACK, "it is this machine itself"),
        (("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"), "it is for examples only"),
        (("169.254.0.0/16", "fe80::/10"), "it is for one cable only"),
        (("224.0.0.0/3", "ff00::/8", "0.0.0.0/8"), "it is for many receivers, or reserved"),
    )
    for each in several
)
_PRIVATE: Final = tuple(
    ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
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
    local = urlsplit(settings.public_url).hostname in LOCAL_HOSTS
    for rule in rules.every:
        for each in dict.fromkeys(_networks(rule)):
            fault = _odd(each, trusted, local=local)
            if fault is not None and fault[0] not in rule.accepts:
                yield Finding(rule.at, fault[0], f"rule {rule.id!r}: {fault[1]}")
    looking = [rule.id for rule in rules.every if _looks_at_client(rule)]
    over_file = settings.listen.startswith(UNIX)
    if looking and not trusted and not over_file and settings.public_url.startswith("https:"):
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


def _odd(network: Network, proxies: tuple[Network, ...], *, local: bool) -> tuple[str, str] | None:
    """Why hardly anybody comes from this network, or others than those who are meant."""
    first = network.network_address
    if network.num_addresses == 1 and any(_inside(network, proxy) for proxy in proxies):
        words = f"{first} is a trusted proxy: the clients behind it have other addresses"
        return "unroutable-network", words
    for other, what in _UNROUTABLE:
        if _inside(network, other) and not (local and str(other) in _LOOPBACK):
            words = f"no client comes from {network}: {what}; write the addresses that are meant"
            return "unroutable-network", words
    for private in _PRIVATE:
        if _inside(private, network) and private != network and not _wide((network,)):
            words = f"{network} holds the private network {private} and addresses of strangers around it: write {private}, or your own network"
            return "mixed-network", words
    if network.version == 4 and network.num_addresses == 1 and int(first) % 256 == 0:
        words = (
            f"{first} is one address, and one that hardly any machine has: write {first}/24 for the network"
        )
        return "unroutable-network", words
    return None


def _inside(one: Network, other: Network) -> bool:
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and one.subnet_of(other)
    return isinstance(other, IPv6Network) and one.subnet_of(other)


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
