"""Files with several keys in PEM form."""

from __future__ import annotations

from gateway.key_files.pem_keys import PemKey, pem_keys, write_pem_keys

ONE = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
TWO = b"-----BEGIN RSA PRIVATE KEY-----\nBBBB\n-----END RSA PRIVATE KEY-----\n"


def test_keys_come_with_the_lines_before_them() -> None:
    content = b"".join(
        (
            b"A note.\n",
            b"Created: 2026-01-02T03:04:05+00:00\nRegistered: 2026-01-03T03:04:05+00:00\n",
            ONE,
            b"-----BEGIN EC PARAMETERS-----\nBgg=\n-----END EC PARAMETERS-----\n",
            TWO,
            b"-----BEGIN CERTIFICATE-----\nCCCC\n-----END CERTIFICATE-----\n",
            b"Created: never\n",
            ONE.replace(b"\n", b"\r\n"),
        )
    )
    found = pem_keys(content)
    assert [(key.created, key.registered) for key in found] == [
        (1_767_323_045.0, 1_767_409_445.0),
        (None, None),
        (None, None),
    ]
    assert [key.pem for key in found[:2]] == [ONE, TWO]
    assert pem_keys(write_pem_keys(found)) == found


def test_a_file_without_keys() -> None:
    assert pem_keys(b"nothing") == ()
    assert write_pem_keys([PemKey(ONE, 60.0)]) == b"Created: 1970-01-01T00:01:00+00:00\n" + ONE
