"""Fixed headers and credentials of the gateway: read at start, and never those of a client."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from gateway.upstream.credentials import Credentials
from gateway.upstream.settings import UpstreamSettings


def credentials(folder: Path, **changes: Any) -> Credentials:
    given = {"url": "http://localhost:8002", **changes}
    return Credentials(UpstreamSettings.model_validate(given, context={"folder": folder}))


def secret(folder: Path, content: bytes) -> str:
    path = folder / "secret"
    path.write_bytes(content)
    path.chmod(0o600)
    return "file:secret"


def test_secrets_are_read_at_start(tmp_path: Path) -> None:
    made = credentials(
        tmp_path,
        headers={"X-Api-Key": secret(tmp_path, b"s3cret\n"), "X-Zone": "intern"},
        basic={"username": "poort", "password": "file:secret"},
    )
    assert made.block == b""
    assert made.names == ("X-Api-Key", "X-Zone", "Authorization")
    asyncio.run(made.start())
    pair = b64encode(b"poort:s3cret")
    assert made.block == b"x-api-key: s3cret\r\nx-zone: intern\r\nauthorization: Basic " + pair + b"\r\n"
    asyncio.run(made.aclose())
    assert made.block == b""


@pytest.mark.parametrize("content", [b"a\r\nb", b"caf\xc3\xa9", b"a\x00", b" a"])
def test_a_secret_that_is_no_header_is_refused(tmp_path: Path, content: bytes) -> None:
    made = credentials(tmp_path, headers={"X-Api-Key": secret(tmp_path, content)})
    with pytest.raises(ValueError, match="printable ASCII"):
        asyncio.run(made.start())


def test_nothing_is_sent_unless_it_is_configured(tmp_path: Path) -> None:
    made = credentials(tmp_path)
    asyncio.run(made.start())
    assert (made.block, made.names) == (b"", ())


def test_a_replaced_secret_is_read_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    made = credentials(tmp_path, headers={"X-Api-Key": secret(tmp_path, b"before")})
    assert made.paths == (tmp_path / "secret",)
    asyncio.run(made.start())
    secret(tmp_path, b"after")
    made.read()
    assert made.block == b"x-api-key: after\r\n"
    secret(tmp_path, b"a\nb")
    with pytest.raises(ValueError, match="cannot be a header"):
        made.read()
    assert made.block == b"x-api-key: after\r\n"
