"""Identities as the provider gives them, and keys as operators keep them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.model import Identity, Organisation, Right
from gateway.settings import Secret

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@pytest.fixture
def indiener() -> Identity:
    return Identity(
        issuer="http://localhost:8010/op",
        subject="f3a1c9",
        given_name="Zoë",
        family_name="Peeters",
        email="zoe@example.be",
        doelgroep="EA",
        organisation=Organisation("0456789034", "Containerdienst Peeters nv"),
        rights=(
            Right("OVAMGebruiker", "NonConformiteitenIndiener", "0456789034"),
            Right("Anders", None, "0456789034"),
        ),
        acr="urn:be:vlaanderen:acm:eid",
    )


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[str, Key], Secret]:
    """Keeps a private key in a file as `gateway keys generate` does, and gives the reference to it."""

    def write(name: str, key: Key) -> Secret:
        path = tmp_path / name
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        path.chmod(0o600)
        return Secret(f"file:{name}", tmp_path)

    return write
