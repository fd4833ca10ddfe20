"""The files that the configuration of each engine has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Engine = Literal["nginx", "envoy", "caddy", "traefik", "haproxy"]
Part = Literal["main", "static", "lua"]


class File(NamedTuple):
    """Its template, where it usually is on the machine of the front, and what its comments begin with."""

    template: str
    usual: str
    comment: str = "#"


FILES: Final[Mapping[Engine, Mapping[Part, File]]] = {
    "nginx": {"main": File("nginx.conf.j2", "/etc/nginx/conf.d/toegangspoort-{env}.conf")},
    "envoy": {"main": File("envoy.yaml.j2", "/etc/envoy/envoy.yaml")},
    "caddy": {"main": File("Caddyfile.j2", "/etc/caddy/Caddyfile")},
    "traefik": {
        "main": File("traefik.yaml.j2", "/etc/traefik/dynamic/toegangspoort-{env}.yaml"),
        "static": File("traefik-static.yaml.j2", "/etc/traefik/traefik.yaml"),
    },
    "haproxy": {
        "main": File("haproxy.cfg.j2", "/etc/haproxy/haproxy.cfg"),
        "lua": File("haproxy.lua.j2", "/etc/haproxy/toegangspoort-{env}.lua", "--"),
    },
}
