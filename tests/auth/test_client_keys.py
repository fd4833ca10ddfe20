"""The keys of the client: which may be used, and which are only published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from gateway.auth.client_keys import client_keys, published_jwks
from gateway.auth.settings import PrivateKeyJwt
from gateway.key_files.pem_keys import PemKey, write_pem_keys
from tests.keys import rsa_client_keys as made

NEW, OLD = made("new")[0], made("old")[0]


def auth_of(folder: Path, *keys: PemKey, **settings: Any) -> PrivateKeyJwt:
    file = folder / "client.pem"
    file.write_bytes(write_pem_keys(keys))
    file.chmod(0o600)
    usual = {"method": "private_key_jwt", "key": "file:client.pem"}
    return PrivateKeyJwt.model_validate(usual | settings, context={"folder": folder})


@pytest.mark.parametrize(
    ("keys", "settings", "usable"),
    [
        ((PemKey(OLD),), {}, [True]),
        ((PemKey(NEW), PemKey(OLD)), {}, [False, True]),
        ((PemKey(NEW, 5.0, 6.0), PemKey(OLD)), {}, [True, True]),
        ((PemKey(NEW, 5.0), PemKey(OLD)), {"announce": "10m"}, [True, True]),
    ],
)
def test_which_keys_may_be_used(tmp_path: Path, keys: Any, settings: Any, usable: list[bool]) -> None:
    auth = auth_of(tmp_path, *keys, **settings)
    found = client_keys(auth)
    assert [key.since is not None for key in found] == usable
    assert [each["kid"] for each in published_jwks(auth)["keys"]] == [key.kid for key in found]
    assert all("d" not in each for each in published_jwks(auth)["keys"])
    if settings:
        since = found[0].since
        assert since is not None
        assert since >= (tmp_path / "client.pem").stat().st_ctime, "the file came just now"


def test_what_is_no_key(tmp_path: Path) -> None:
    public = bytes(RSAKey.import_key(OLD).as_pem(private=False))
    curve = bytes(ECKey.generate_key("P-256", private=True).as_pem(private=True))
    for pem, words in ((public, "is a public key"), (curve, "for RS256"), (b"x", "for RS256")):
        with pytest.raises(ValueError, match=words):
            client_keys(auth_of(tmp_path, PemKey(pem)))
    assert client_keys(auth_of(tmp_path, PemKey(curve), algorithm="ES256"))[0].public["alg"] == "ES256"
