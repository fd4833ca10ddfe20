"""Keys for tests, made once for each test process: making RSA keys takes time."""

from __future__ import annotations

from functools import cache
from typing import Any

from joserfc.jwk import ECKey, RSAKey

from gateway.key_files.keyring import Key
from gateway.observe.chain import ChainKey


@cache
def client_keys(name: str) -> tuple[bytes, dict[str, Any]]:
    """(private key in PEM form, public JWKS) of the relying party of this name: EC, which is read in no time."""
    pem = ec_key(f"client {name}")
    key = ECKey.import_key(pem)
    public = {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": "ES256"}
    return pem, {"keys": [public]}


@cache
def rsa_client_keys(name: str) -> tuple[bytes, dict[str, Any]]:
    """The same of RSA, as `gateway keys generate` makes them."""
    key = RSAKey.generate_key(2048, private=True)
    public = {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": "RS256"}
    return bytes(key.as_pem(private=True)), {"keys": [public]}


@cache
def rsa_client_key(name: str) -> RSAKey:
    """The private key of `rsa_client_keys`, read once: OpenSSL tests its primes each time."""
    return RSAKey.import_key(rsa_client_keys(name)[0])


@cache
def ec_key(name: str) -> bytes:
    """A private EC P-256 key in PEM form."""
    return bytes(ECKey.generate_key("P-256", private=True).as_pem(private=True))


SEALING = Key("records", b"a key for the chains of records!")
SEAL = ChainKey.of(SEALING, "ti")
"""What seals the chains of records in tests."""
