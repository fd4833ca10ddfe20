"""What connections to other servers trust; that they do, against servers: tests/plugins/test_remote_authzen.py."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from gateway.outgoing.client_tls import ClientTls
from gateway.settings import Secret
from tests.tls import Certificates


@pytest.mark.parametrize("name", [None, "register.test"])
def test_it_always_checks_certificates(tmp_path: Path, name: str | None) -> None:
    certificates = Certificates(tmp_path)
    for ca in (None, certificates.ca):
        context = ClientTls(ca, server_name=name).context()
        assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert (
            context.verify_flags & ssl.VERIFY_X509_STRICT
            == ClientTls().context().verify_flags & ssl.VERIFY_X509_STRICT
        )
    assert context.cert_store_stats()["x509_ca"] == 1


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ("authority.pem", "ca: .*authority.pem cannot be used"),
        ("good.pem", "certificate: .*good.pem with the key .*good-key.pem cannot be used"),
        ("good-key.pem", "certificate: .*good.pem with the key .*good-key.pem cannot be used"),
    ],
)
@pytest.mark.parametrize("content", [None, "no PEM"])
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, spoilt: str, words: str, content: str | None
) -> None:
    certificates = Certificates(tmp_path)
    chain, key = certificates.files()
    (tmp_path / spoilt).unlink()
    if content is not None:
        (tmp_path / spoilt).write_text(content)
    with pytest.raises(OSError, match=words):
        ClientTls(certificates.ca, chain, Secret(f"file:{key}", tmp_path)).context()
