"""What an upstream can be, and where its files are looked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config import load
from gateway.upstream.settings import BreakerSettings, UpstreamSettings
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


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "give the address"),
        ({"url": "http://a", "servers": ["http://b"]}, "give the address"),
        ({"servers": ["http://a", "http://a/"]}, "named twice"),
        ({"servers": ["http://a", "http://A:80"]}, "named twice"),
        ({"servers": []}, "at least 1"),
        *(
            ({"url": "https://a", "tls": {"server_name": name}}, "the name in the server's certificate")
            for name in ("", "a..b", "*.be", "\u00e9.be", "a" * 64)
        ),
        ({"url": "http://a", "host": "b", "pass_host": True}, "not both"),
        ({"url": "http://a", "host": "b c"}, "host name"),
        ({"url": "http://a", "host": "b:65536"}, "host name"),
        ({"url": "http://a", "strip_prefix": "/a/"}, "prefix"),
        ({"url": "http://a", "probe": {"path": "health"}}, "slash at its start"),
    ],
)
def test_what_cannot_be(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        UpstreamSettings.model_validate(values)


@pytest.mark.parametrize(
    ("values", "breaker"),
    [
        ({"url": "http://a"}, None),
        ({"url": "http://a", "breaker": {}}, BreakerSettings()),
        ({"servers": ["http://a", "http://b"]}, BreakerSettings()),
        ({"servers": ["http://a", "http://b"], "breaker": {"enabled": False}}, None),
    ],
)
def test_the_breaker_is_there_where_another_server_is(
    values: dict[str, Any], breaker: BreakerSettings | None
) -> None:
    assert UpstreamSettings.model_validate(values).breaker_in_force == breaker


@pytest.mark.parametrize(
    ("values", "origins"),
    [
        ({"url": "http://a:8080"}, ("http://a:8080",)),
        (
            {"servers": ["https://a", "https://b"], "host": "app.internal"},
            ("https://a", "https://b", "https://app.internal"),
        ),
        ({"url": "unix:/run/a.sock"}, ()),
        ({"url": "unix:/run/a.sock", "pass_host": False}, ("http://localhost",)),
        ({"url": "unix:/run/a.sock", "host": "app:81"}, ("http://app:81",)),
    ],
)
def test_under_which_addresses_it_knows_itself(values: dict[str, Any], origins: tuple[str, ...]) -> None:
    assert UpstreamSettings.model_validate(values).origins == origins
