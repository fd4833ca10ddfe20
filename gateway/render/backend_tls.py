"""How a front proves over https that it speaks to the register, and who it is itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.render.address import Endpoint
from gateway.render.errors import NotRendered
from gateway.render.site import Register, Site

_SYSTEM: Final = "/etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True, slots=True)
class BackendTls:
    """The name in the server's certificate, and paths: the authorities, the front's own certificate and its key (or empty)."""

    name: str
    ca: str
    certificate: str
    key: str

    @property
    def san(self) -> str:
        """What kind of name that is (RFC 5280 section 4.2.1.6), as Envoy calls it."""
        return "IP_ADDRESS" if Endpoint(self.name, 0).is_address else "DNS"

    @classmethod
    def of(cls, register: Register) -> BackendTls | None:
        """None for a register on http. Raises NotRendered."""
        if not register.secure:
            return None
        tls, hosts = register.settings.tls, {each.host for each in register.servers}
        if tls.server_name is None and len(hosts) > 1:
            raise NotRendered(
                f"upstream {register.name!r} has servers with different names: say which name is in their certificates,"
                " under `tls: {server_name: ...}`"
            )
        key = tls.key
        if key is not None and key.path is None:
            raise NotRendered(
                f"upstream {register.name!r}: a front reads the key of its certificate from a file: write `tls: {{key: file:PATH}}`"
            )
        return cls(
            tls.server_name or next(iter(hosts)),
            str(tls.ca.absolute()) if tls.ca is not None else _SYSTEM,
            str(tls.certificate.absolute()) if tls.certificate is not None else "",
            str(key.path.absolute()) if key is not None and key.path is not None else "",
        )


def single_backend_tls(site: Site) -> BackendTls | None:
    """The same for all registers of a front that can't tell them apart; None where none is on https. Raises NotRendered."""
    found = [each for each in map(BackendTls.of, site.registers) if each is not None]
    if len({(each.ca, each.certificate, each.key) for each in found}) > 1:
        raise NotRendered(
            "nginx has one set of authorities and certificates for all upstreams: put the authorities in one file, and name"
            " that as `tls: {ca: ...}` of each upstream on https"
        )
    return found[0] if found else None
