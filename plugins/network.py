"""The network that a request comes from: the client's address."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from gateway.plugin import Allow, Deny, Distinctions, Facts, Field, Missing, NotApplicable, Policy, Verdict

_MAPPED = IPv6Network("::ffff:0:0/96")


def _network(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("write a network between quotes: '10.0.0.0/8'")
    try:
        network = ip_network(value)
    except ValueError as problem:
        raise ValueError(
            f"{value!r} is not a network: {problem}; write 10.0.0.0/8 or 2001:db8::/32"
        ) from problem
    if "%" in value:
        raise ValueError(
            f"{value!r} names an interface of one machine: write the address without % and what follows"
        )
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        address = network.network_address.ipv4_mapped
        return ip_network(f"{address}/{network.prefixlen - 96}")
    return network


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network), WithJsonSchema({"type": "string"})]


class FromNetwork(Policy, name="network", inline="any_of"):
    """Holds for requests from these networks. The client's address counts, as trusted proxies report it.

    An IPv4 address and its IPv6 form (::ffff:10.0.0.1) are the same address.
    """

    any_of: Annotated[tuple[Network, ...], Field(min_length=1)]
    """Networks in CIDR form without host bits, or single addresses: `[10.0.0.0/8, "2001:db8::/32"]`."""

    def decide(self, facts: Facts) -> Verdict:
        try:
            address = ip_address(facts.client)
        except ValueError:
            return NotApplicable("address-unknown")
        address = getattr(address, "ipv4_mapped", None) or address
        if any(address in network for network in self.any_of):
            return Allow("network-fits")
        wanted = ", ".join(map(str, self.any_of))
        return Deny("other-network", ((Missing(kind="network", remedy="none", detail=wanted),),))

    def distinctions(self) -> Distinctions:
        clients: list[str] = []
        for network in self.any_of:
            after = int(network.broadcast_address) + 1
            clients.append(str(network.network_address))
            if after < 2**network.max_prefixlen:
                clients.append(str(type(network.network_address)(after)))
        return Distinctions(clients=tuple(dict.fromkeys(clients)))
