"""Each rendered file, as its engine reads it: the real ones check what stands in them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import Config
from gateway.http_semantics import WITHOUT_CONTENT
from gateway.render.errors import NotRendered
from gateway.render.files import Engine, Part
from gateway.render.text import is_unedited
from tests.fronts.engines import Place, program, running, validation
from tests.render.place import FILES_OF, SOCKET, UPSTREAMS, configuration, text
from tests.running import free_ports
from tests.tls import Certificates

ENGINES: list[Engine] = ["nginx", "envoy", "caddy", "traefik", "haproxy"]


# What docs/fronts.md says of nginx and Caddy, and a certificate of these tests.
_KNOWN = re.compile(
    "variables_hash|tls_trusted_ca_certs|root_ca_pem_files|no OCSP server specified|redirects are disabled"
)
ANY: list[Any] = [{"id": "r", "match": {"path": "/**"}, "require": ["anyone"]}]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> dict[Engine, int]:
    """How long the file of each engine is that can reach a unix socket."""
    plain = configuration(tmp_path_factory.mktemp("socket"), rules=ANY, upstreams=SOCKET)
    return {engine: text(plain, engine).count("\n") for engine in ENGINES if engine != "traefik"}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return configuration(tmp_path_factory.mktemp("render"))


@pytest.mark.parametrize(("engine", "part"), FILES_OF)
def test_what_somebody_edited_is_seen(config: Config, engine: Engine, part: Part) -> None:
    found = text(config, engine, part)
    assert is_unedited(found, found)
    assert is_unedited(found, text(config, engine, part, listen="127.0.0.1:9"))
    assert not is_unedited(found + "\n", found)
    assert not is_unedited(found, found.replace("--env ti", "--env prd", 1))
    assert not is_unedited("", found)
    assert not is_unedited("server {}\n", found)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_never_left_out(config: Config, engine: Engine) -> None:
    found = text(config, engine, "lua" if engine == "haproxy" else "main").lower()
    for name in (
        "x-auth-rights",
        "x-toegangspoort-assertion",
        "x-api-key",
        "x-tenant",
        "cookie",
        "authorization",
    ):
        assert name in found
    whole = found + text(config, engine).lower()
    for part in (
        "/oauth2/",
        "/.well-known/jwks.json",
        "/robots.txt",
        "127.0.0.1:8081",
        "127.0.0.1:8082",
        "reports.internal",
    ):
        assert part in whole or part.replace(":", '", port_value: ') in whole, part


@pytest.mark.parametrize("engine", ["caddy", "traefik", "haproxy"])
def test_cookies_in_the_obsolete_header_go(config: Config, engine: Engine) -> None:
    """nginx passes what is named, and Envoy removes what the permission says."""
    assert "cookie2" in text(config, engine, "lua" if engine == "haproxy" else "main")


def test_nginx_asks_at_the_level_of_the_server(config: Config) -> None:
    found = text(config, "nginx")
    depth, at = 0, []
    for line in found.splitlines():
        words = line.partition("#")[0].strip()
        if words.startswith("auth_request /"):
            at.append(depth)
        depth += words.count("{") - words.count("}")
    assert at == [1]
    # nothing but what names the gateway itself is not asked about
    open_ones = [block for block in found.split("\n    location ")[1:] if "auth_request off" in block]
    assert len(open_ones) == 5
    assert not any("_register" in block or "_to_default" in block for block in open_ones)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_method_whose_content_means_nothing_is_named(config: Config, engine: Engine) -> None:
    found = text(config, engine)
    assert all(re.search(rf"\b{name}\b", found) for name in WITHOUT_CONTENT)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "upstreams": {**UPSTREAMS, **SOCKET},
            "edge": {"request_headers": {"allow": ["accept", "x-own"]}, "max_header_bytes": 1_048_576},
        },
    ],
    ids=["whole", "socket-and-allow"],
)
def test_the_engine_accepts_it(tmp_path: Path, engine: Engine, changes: dict[str, Any]) -> None:
    if engine == "traefik" and "upstreams" in changes:
        pytest.skip("Traefik has no unix sockets")
    program(engine)
    place = Place(
        configuration(tmp_path, **changes).path,
        *free_ports(1),
        inner=free_ports(1)[0],
        gateways=("127.0.0.1:8000,127.0.0.1:8090", "127.0.0.2"),
    )
    _validated(engine, tmp_path, place)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_engine_accepts_it_with_https_on_both_sides(tmp_path: Path, engine: Engine) -> None:
    program(engine)
    authority = Certificates(tmp_path)
    certificate, key = (
        each.rename(tmp_path / f"site{end}")
        for each, end in zip(authority.files(name="register.example.be"), (".crt", ".key"), strict=True)
    )
    upstreams = {
        "reports": {
            "url": "https://127.0.0.1:8443",
            "strip_prefix": "/reports",
            "tls": {"ca": str(authority.ca), "server_name": "register.internal"},
        }
    }
    config = configuration(tmp_path, public_url="https://register.example.be", upstreams=upstreams)
    place = Place(config.path, *free_ports(1), inner=free_ports(1)[0], tls=(str(certificate), str(key)))
    found = _validated(engine, tmp_path, place)
    assert "max-age=31536000" in found or engine == "haproxy"
    assert "register.internal" in found


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["client", "a client"])
def test_the_engine_accepts_a_certificate_of_its_own(tmp_path: Path, engine: Engine, name: str) -> None:
    program(engine)
    authority = Certificates(tmp_path)
    certificate, key = (
        each.rename(tmp_path / f"{name}{end}")
        for each, end in zip(authority.files(name="gateway.internal"), (".crt", ".key"), strict=True)
    )
    tls = {"ca": str(authority.ca), "certificate": str(certificate), "key": f"file:{key}"}
    upstreams = {"reports": {"url": "https://localhost:8443", "tls": tls}}
    config = configuration(tmp_path, upstreams=upstreams)
    found = _validated(engine, tmp_path, Place(config.path, *free_ports(1), inner=free_ports(1)[0]))
    assert str(certificate) in found


def test_a_form_that_the_gateway_sends_may_take_as_long_as_any_request(tmp_path: Path) -> None:
    config = configuration(tmp_path, rules=ANY, upstream={"response_timeout": "15m"})
    page = text(config, "nginx").partition("location @tgp_ti_refused {")[2].partition("\n    }")[0]
    assert "proxy_read_timeout 900000ms;" in page
    assert "route: {cluster: tgp_ti_public, timeout: 0s, idle_timeout: 900s}" in text(config, "envoy")


def test_sections_of_haproxy_have_names_of_their_own(config: Config) -> None:
    """HAProxy 3.3 refuses others."""
    found = re.findall(r"(?m)^(?:defaults|frontend|backend|listen) (\S+)", text(config, "haproxy"))
    assert len(found) == len(set(found)) > 5


def test_haproxy_finds_a_key_by_its_certificate(tmp_path: Path) -> None:
    def rendered(certificate: str, key: str) -> str:
        for name in (certificate, key):
            (tmp_path / name).touch()
        tls = {"certificate": certificate, "key": f"file:{key}"}
        upstreams = {"reports": {"url": "https://localhost:8443", "tls": tls}}
        return text(configuration(tmp_path, upstreams=upstreams), "haproxy")

    for certificate, key in (("c.crt", "other.key"), ("c.pem", "c.key"), ("c.crt", "c.crt.key")):
        with pytest.raises(NotRendered, match=r"upstream 'reports': HAProxy reads the key of FILE.crt"):
            rendered(certificate, key)
    assert "crt '" in rendered("both.pem", "both.pem")


@pytest.mark.parametrize("engine", [each for each in ENGINES if each != "traefik"])
def test_the_engine_accepts_a_socket_beside_a_host(tmp_path: Path, engine: Engine) -> None:
    program(engine)
    servers = ["http://localhost:8081", "unix:/run/reports.sock", "http://[::1]:8082"]
    config = configuration(tmp_path, upstreams={"reports": {"servers": servers}})
    _validated(engine, tmp_path, Place(config.path, *free_ports(1)))


def test_envoy_listens_at_an_address(config: Config) -> None:
    with pytest.raises(NotRendered, match="Envoy listens at an address, not at 'localhost'"):
        text(config, "envoy", listen="localhost:8080")
    assert "::1" in text(config, "envoy", listen="[::1]:8080")


def _validated(engine: Engine, folder: Path, place: Place) -> str:
    if engine == "traefik":
        # It has no command that only checks: it says what is wrong in its log.
        with running(engine, folder, place):
            log = (folder / "engine.log").read_text()
        # The words have colours. It warns of encoded signs whatever is said of them; the gateway judges these.
        assert not re.search(r"(ERR|WRN|FTL)\b(?!.*reject some encoded characters)", log), log
        return place.text(engine)
    done = subprocess.run(
        validation(engine, folder, place), capture_output=True, text=True, timeout=60, check=False,
        env={"HOME": str(folder), "PATH": "/usr/bin:/usr/sbin:/bin"},
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    # What an engine warns of today, a newer version refuses.
    warned = [
        line for line in said.splitlines() if re.search(r"(?i)warn|deprecated|enabling automatic HTTP", line)
    ]
    assert not [line for line in warned if not _KNOWN.search(line)]
    return place.text(engine)


@pytest.mark.parametrize(
    ("engine", "changes", "says"),
    [
        (
            "nginx",
            {"upstreams": {**UPSTREAMS, "files": {"url": "unix:/run/a$b.sock"}}},
            r"has a \$, which nginx",
        ),
        ("caddy", {"upstreams": {**UPSTREAMS, "files": {"url": "unix:/run/{env.HOME}"}}}, "which Caddy"),
        ("haproxy", {"upstreams": {**UPSTREAMS, "files": {"url": "unix:/run/a'b"}}}, "which HAProxy"),
        ("envoy", {"upstreams": {**UPSTREAMS, "files": {"url": "unix:/run/%REQ(x)%"}}}, "which YAML"),
        ("traefik", {"upstreams": {**UPSTREAMS, **SOCKET}}, "can't reach the unix socket"),
        (
            "nginx",
            {"upstreams": {"reports": {"url": "http://127.0.0.1:1", "add_prefix": "/$uri"}}},
            "which nginx",
        ),
    ],
)
def test_values_that_the_engine_would_read_as_its_own_are_refused(
    tmp_path: Path, engine: Engine, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(NotRendered, match=says):
        text(configuration(tmp_path, rules=ANY, **changes), engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "path",
    ['/run/a"; auth_request off; #', "/run/a;}", "/run/a b", "/run/a#b", "/run/a\\", "/run/é", "/run/{{x}}"],
)
def test_an_unlucky_path_is_one_value(
    tmp_path: Path, lines: dict[Engine, int], engine: Engine, path: str
) -> None:
    """The engine reads the same configuration, or it is refused."""
    config = configuration(tmp_path, rules=ANY, upstreams={"files": {"url": f"unix:{path}"}})
    try:
        found = text(config, engine)
    except NotRendered:
        return
    if engine == "envoy":
        clusters = yaml.safe_load(found)["static_resources"]["clusters"]
        endpoints = clusters[-1]["load_assignment"]["endpoints"][0]["lb_endpoints"]
        assert [each["endpoint"]["address"]["pipe"]["path"] for each in endpoints] == [path]
    elif engine == "nginx":
        program("nginx")
        _validated(engine, tmp_path, Place(config.path, 18_080))
    assert found.count("\n") == lines[engine]
