"""A site as the text of a configuration file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.edge.headers import COOKIE2, FORWARDING, FORWARDING_PREFIXES
from gateway.http_semantics import WITHOUT_CONTENT
from gateway.identity.header_names import FAMILY, FAMILY_STARTS, fold_header_name
from gateway.render.address import Endpoint
from gateway.render.backend_tls import BackendTls, single_backend_tls
from gateway.render.errors import NotRendered
from gateway.render.files import FILES, Engine, Part
from gateway.render.quoting import QUOTES, Quoted, caddy, haproxy, nginx, plain, yaml
from gateway.render.site import Site

# What the gateway answers itself, also for a front.
_OWN: Final = (("prefix", "/oauth2/"), ("path", "/.well-known/jwks.json"), ("path", "/robots.txt"))
# Traefik removes headers by their whole name only: the best known of the families in FORWARDING_PREFIXES. The gateway
# refuses the others.
_OF_FAMILIES: Final = (
    "x-original-url", "x-original-uri", "x-original-host", "x-original-method", "x-original-for", "x-original-proto",
    "x-rewrite-url", "x-real-ip", "x-client-ip", "x-client-cert", "x-envoy-original-path", "x-envoy-external-address",
    "x-accel-mapping", "x-accel-redirect", "proxy-client-ip", "proxy-ip", "proxy-auth-cert", "proxy-user-dn", "proxy-issuer-dn",
    "proxy-cipher", "proxy-keysize", "proxy-ssl-id", "x-arr-clientcert", "x-arr-ssl", "x-azure-clientip", "x-ssl-client-s-dn", "x-ssl-client-cert", "x-ssl-client-verify",
    "ssl-client-cert", "x-forwarded-prefix", "x-forwarded-by", "x-forwarded-scheme", "x-forwarded-ssl", "x-forwarded-path",
)  # fmt: skip
_PAGE: Final = (
    "<!doctype html><html lang=nl><title>Even niet bereikbaar</title><h1>Even niet bereikbaar</h1>"
    "<p>Probeer het straks opnieuw.<p lang=en>Not reachable at the moment. Try again later.</html>"
)
_MAP_WORDS: Final = frozenset(("default", "hostnames", "include", "volatile"))


def rendered_config(site: Site, engine: Engine, part: Part = "main") -> str:
    """The file of this engine, with a heading that says what it was made from. Raises NotRendered."""
    file = FILES[engine].get(part)
    if file is None:
        raise NotRendered(f"{engine} has no part {part!r}: it has {', '.join(FILES[engine])}")
    if engine == "traefik":
        _check_sockets(site)
    if engine == "envoy" and not (site.listen.everywhere or site.listen.is_address):
        raise NotRendered(
            f"Envoy listens at an address, not at {site.listen.host!r}: give its address with --listen"
        )
    if engine == "haproxy":
        _check_keys(site)
    body = _templates().get_template(file.template).render(_context(site, engine))
    options = f"{engine} --env {site.environment}" + (f" --part {part}" if part != "main" else "")
    heading = (
        f"Front {site.front} of {site.environment}, for {file.usual.format(env=site.environment)}",
        f"Written by `gateway render {options}` from config.yaml: change that, and render again.",
        f"unedited: {_fingerprint(body)}",
    )
    return "".join(f"{file.comment} {line}\n" for line in heading) + body


def _check_sockets(site: Site) -> None:
    """Traefik knows no unix sockets."""
    asked = [each.verdicts for each in site.gateways] + [each.public for each in site.gateways]
    for where in [*asked, *(server for register in site.registers for server in register.servers)]:
        if where.socket:
            raise NotRendered(f"Traefik can't reach the unix socket {where.socket}: use HOST:PORT")


def _check_keys(site: Site) -> None:
    """HAProxy finds each key by the name of its certificate."""
    if site.tls is not None and not _is_beside(site.tls.certificate, site.tls.key):
        stem = site.tls.certificate.removesuffix(".crt")
        raise NotRendered(
            f"HAProxy reads the key of FILE.crt from FILE.key: give --certificate {stem}.crt --key {stem}.key"
        )
    for register in site.registers:
        tls = BackendTls.of(register)
        if tls is not None and not _is_beside(tls.certificate, tls.key) and tls.certificate != tls.key:
            raise NotRendered(
                f"upstream {register.name!r}: HAProxy reads the key of FILE.crt from FILE.key, or both from one file: name"
                " `tls: {certificate: ..., key: ...}` so"
            )


def _is_beside(certificate: str, key: str) -> bool:
    return certificate.endswith(".crt") and key == f"{certificate.removesuffix('.crt')}.key"


def is_unedited(text: str, fresh: str) -> bool:
    """Whether a file is as the command that made `fresh` once wrote it."""
    _, by, mark, body = (*text.split("\n", 3), "", "", "")[:4]
    return by == fresh.split("\n", 2)[1] and mark.endswith(f" unedited: {_fingerprint(body)}")


def _fingerprint(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _bare(value: Quoted) -> Quoted:
    """What is inside the quotes."""
    return Quoted(value[1:-1])


def _nginx_server(where: Endpoint) -> Quoted:
    return nginx(f"unix:{where.socket}" if where.socket else where.authority)


def _nginx_key(name: str) -> Quoted:
    """The name of an upstream as a key of a map, where some words have a meaning of their own."""
    return Quoted(f"\\{plain(name)}" if name in _MAP_WORDS else plain(name))


def _haproxy_server(where: Endpoint) -> Quoted:
    return haproxy(f"unix@{where.socket}" if where.socket else where.authority)


def _caddy_server(where: Endpoint, scheme: str = "") -> Quoted:
    if where.socket:
        return caddy(f"unix/{where.socket}")
    return caddy(f"{scheme}://{where.authority}" if scheme else where.authority)


def _envoy_address(where: Endpoint) -> Quoted:
    if where.socket:
        return Quoted(f"{{pipe: {{path: {yaml(where.socket)}}}}}")
    return Quoted(f"{{socket_address: {{address: {yaml(where.host)}, port_value: {where.port}}}}}")


def _envoy_type(servers: Iterable[Endpoint]) -> str:
    """How Envoy finds these servers: by their names, or not at all."""
    return "STATIC" if all(each.socket or each.is_address for each in servers) else "STRICT_DNS"


def _alternatives(names: Iterable[str]) -> Quoted:
    """One of these words, as a regular expression."""
    return Quoted("|".join(plain(each) for each in names))


def _words(names: Iterable[str]) -> Quoted:
    return Quoted(" ".join(plain(each) for each in names))


def _traefik_methods(names: Iterable[str]) -> Quoted:
    """One of these methods, in a rule."""
    return Quoted(" || ".join(f"Method(`{plain(each)}`)" for each in names))


def _traefik_prefix(prefix: str) -> Quoted:
    """A prefix as a regular expression in a rule."""
    return Quoted(f"`^{re.escape(prefix)}(/([^/]|$)|$)`")


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    **QUOTES,
    "bare": _bare,
    "nginx_key": _nginx_key,
    "nginx_server": _nginx_server,
    "envoy_address": _envoy_address,
    "envoy_type": _envoy_type,
    "caddy_server": _caddy_server,
    "haproxy_server": _haproxy_server,
    # Names of variables have no hyphens.
    "variable": lambda name: str(name).lower().replace("-", "_"),
    # As Go writes names, also where it looks them up.
    "canonical": lambda name: "-".join(part.capitalize() for part in str(name).split("-")),
    "folded": lambda name: fold_header_name(name.encode("ascii")).decode("ascii"),
    "re": re.escape,
    "ms": lambda seconds: f"{round(seconds * 1000)}ms",
    # As durations of protocol buffers and of Go.
    "traefik": _traefik_prefix,
    "traefik_methods": _traefik_methods,
    "alternatives": _alternatives,
    "words": _words,
    "s": lambda seconds: f"{seconds:.3f}".rstrip("0").rstrip(".") + "s",
}


@cache
def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=False,  # noqa: S701 - each value is quoted for its engine, or refused by `finalize`
        undefined=StrictUndefined,
        finalize=plain,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters.update(FILTERS)
    return found


def _context(site: Site, engine: Engine) -> Mapping[str, Any]:
    edge, secure = site.settings.edge, site.tls is not None
    tls_of = {each.name: BackendTls.of(each) for each in site.registers}
    return {
        "site": site,
        "mark": site.mark,
        "registers": site.registers,
        "edge": edge,
        "own": _OWN,
        "hsts": edge.hsts if secure else None,
        # From http, where the front has the usual ports of all addresses.
        "redirect": secure and site.listen.everywhere and site.port == 443,
        "tls_of": tls_of,
        "certified": secure or any(each is not None and each.certificate for each in tls_of.values()),
        "only_tls": single_backend_tls(site) if engine == "nginx" else None,
        "page": _PAGE,
        "forwarding": sorted(name.decode() for name in {*FORWARDING, COOKIE2}),
        "family": sorted(name.decode() for name in FAMILY),
        "known": _OF_FAMILIES,
        "without_content": sorted(WITHOUT_CONTENT),
        "starts": sorted(name.decode() for name in {*FORWARDING_PREFIXES, *FAMILY_STARTS}),
    }
