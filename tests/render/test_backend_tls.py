from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.render.backend_tls import BackendTls, single_backend_tls
from gateway.render.errors import NotRendered
from gateway.render.site import Options, Site, front_site
from tests.render.place import configuration
from tests.tls import Certificates


def _site(folder: Path, **upstreams: Any) -> Site:
    rules = [{"id": "r", "match": {"path": "/**"}, "require": ["anyone"]}]
    return front_site(configuration(folder, rules=rules, upstreams=upstreams), "ti", "nginx", Options())


def test_names_and_files(tmp_path: Path) -> None:
    made = Certificates(tmp_path)
    certificate, key = made.files()
    key.chmod(0o600)
    tls = {"ca": str(made.ca), "certificate": str(certificate), "key": f"file:{key}"}
    found = _site(tmp_path, other={"url": "https://127.0.0.1:8443", "tls": tls})
    plain, other = found.registers
    assert BackendTls.of(plain) is None
    secure = BackendTls.of(other)
    assert secure == BackendTls("127.0.0.1", str(made.ca), str(certificate), str(key))
    assert secure is not None
    assert secure.san == "IP_ADDRESS"
    assert single_backend_tls(found) == secure


def test_the_authorities_of_the_system(tmp_path: Path) -> None:
    found = _site(tmp_path, other={"url": "https://register.internal"})
    secure = BackendTls.of(found.registers[1])
    assert secure == BackendTls("register.internal", "/etc/ssl/certs/ca-certificates.crt", "", "")
    assert secure is not None
    assert secure.san == "DNS"


def test_what_cannot_be_written(tmp_path: Path) -> None:
    servers = {"servers": ["https://a.internal", "https://b.internal"]}
    with pytest.raises(NotRendered, match="server_name"):
        BackendTls.of(_site(tmp_path, other=servers).registers[1])
    named = BackendTls.of(_site(tmp_path, other={**servers, "tls": {"server_name": "c"}}).registers[1])
    assert named is not None
    assert named.name == "c"
    ca = {"ca": str(Certificates(tmp_path).ca)}
    two = _site(tmp_path, one={"url": "https://a.internal", "tls": ca}, two={"url": "https://b.internal"})
    with pytest.raises(NotRendered, match="put the authorities in one file"):
        single_backend_tls(two)
