"""Where the files of TLS towards the register are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import load
from tests.gateways import settings, write_config


def test_files_are_named_relative_to_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = settings(
        tmp_path,
        name="ti",
        gateway_url="http://localhost:1",
        acm_url="http://localhost:2",
        upstream_url="https://localhost:3",
    )
    environment["upstream"]["tls"] = {
        "ca": "tls/ca.pem",
        "certificate": "/etc/own.pem",
        "key": "file:tls/own.key",
    }
    written = write_config(tmp_path, {"ti": environment})
    monkeypatch.chdir(elsewhere)

    tls = load(written).environment("ti").upstream.tls

    assert tls.ca == tmp_path / "tls/ca.pem"
    assert tls.certificate == Path("/etc/own.pem")
    assert tls.key is not None
    assert tls.key.path == tmp_path / "tls/own.key"
