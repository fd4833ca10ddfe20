"""TLS at the listener of the decision point: who has no certificate of the authority doesn't connect."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx2
import pytest
import trustme

from gateway.authzen.listener import tls_context
from gateway.authzen.settings import TlsSettings
from tests.decision_point.asking import ALL, asked_gateway

QUESTION = {
    "subject": {"type": "person", "id": "anna"},
    "action": {"name": "GET"},
    "resource": {"type": "path", "id": "/echo"},
}


def _written(folder: Path, name: str, made: trustme.LeafCert) -> tuple[Path, Path]:
    chain, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    chain.write_bytes(b"".join(each.bytes() for each in made.cert_chain_pems))
    made.private_key_pem.write_to_path(str(key))
    key.chmod(0o600)
    return chain, key


def test_a_caller_is_known_by_its_certificate(tmp_path: Path) -> None:
    authority, others = trustme.CA(), trustme.CA()
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    chain, key = _written(tmp_path, "server", authority.issue_cert("127.0.0.1"))
    authzen = {
        "tls": {"certificate": str(chain), "key": str(key), "client_authorities": str(ca)},
        "callers": {"register": {"certificate": "dns:register.test", **ALL}},
    }
    rules = [{"id": "all", "match": {"path": "/**"}, "require": ["authenticated"]}]

    def status(port: int, client: tuple[Path, Path] | None) -> int:
        context = ssl.create_default_context(cafile=str(ca))
        if client is not None:
            context.load_cert_chain(*client)
        with httpx2.Client(verify=context, trust_env=False) as asking:
            url = f"https://127.0.0.1:{port}/access/v1/evaluation"
            return asking.post(url, json=QUESTION).status_code

    with asked_gateway(tmp_path, authzen, rules=rules) as (gateway, _):
        port = gateway.authzen_port
        mine = _written(tmp_path, "register", authority.issue_cert("register.test"))
        assert status(port, mine) == 200
        assert status(port, _written(tmp_path, "other", authority.issue_cert("other.test"))) == 401
        for stranger in (None, _written(tmp_path, "stranger", others.issue_cert("register.test"))):
            with pytest.raises(httpx2.TransportError):
                status(port, stranger)


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    absent = tmp_path / "absent.pem"
    with pytest.raises(ValueError, match=r"absent\.pem"):
        tls_context(TlsSettings(certificate=absent, key=absent))
    chain, key = _written(tmp_path, "server", trustme.CA().issue_cert("localhost"))
    with pytest.raises(ValueError, match=r"absent\.pem"):
        tls_context(TlsSettings(certificate=chain, key=key, client_authorities=absent))
