"""Headers in a configuration: those that the gateway sets itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.config import ConfigError, load
from gateway.config.lint import findings
from tests.gateways import settings, write_config


def configured(
    folder: Path,
    upstream: dict[str, Any],
    identity: dict[str, Any] | None = None,
    **values: Any,
) -> Path:
    environment = settings(
        folder,
        name="ti",
        gateway_url="http://localhost:8000",
        acm_url="http://localhost:8001",
        upstream_url="http://localhost:8002",
        upstream={"url": "http://localhost:8002", **upstream},
        **values,
    )
    return write_config(folder, {"ti": environment}, identity=identity)


@pytest.mark.parametrize(
    ("upstream", "words"),
    [
        ({"headers": {"x_forwarded_user": "a"}}, "another name"),
        ({"headers": {"X-Toegangspoort-Assertion": "a"}}, "another name"),
        ({"headers": {"Host": "a"}}, "belongs to the request itself"),
        ({"headers": {"X-Forwarded-Proto": "a"}}, "belongs to the request itself"),
        ({"headers": {"Sec-WebSocket-Protocol": "a"}}, "belongs to the request itself"),
        ({"headers": {"Transfer-Encoding": "a"}}, "belongs to the request itself"),
        ({"headers": {"X A": "a"}}, "a header name has"),
        ({"headers": {"X-A": "a\nb"}}, "printable ASCII"),
        ({"headers": {"X-A": " "}}, "printable ASCII"),
        ({"headers": {"X-A": 1}}, "write text"),
        ({"headers": {"X-A": "a", "x_a": "b"}}, "the same to many servers"),
        ({"basic": {"username": "a:b", "password": "env:P"}}, "no colon"),
        ({"basic": {"username": "a", "password": "geheim"}}, "never written here"),
        ({"basic": {"username": "a", "password": "env:P"}, "headers": {"authorization": "x"}}, "give either"),
    ],
)
def test_headers_that_cannot_be_fixed(tmp_path: Path, upstream: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(configured(tmp_path, upstream))
    assert any(words in problem.message and problem.line > 1 for problem in refused.value.problems), [
        *map(str, refused.value.problems)
    ]


def test_another_upstream_gets_no_identity_header_twice_either(tmp_path: Path) -> None:
    reports = {"url": "http://reports:80", "headers": {"X_Auth_Name": "a"}}
    path = configured(tmp_path, {}, upstreams={"reports": reports})
    with pytest.raises(ConfigError) as refused:
        load(path)
    (problem,) = refused.value.problems
    assert "another name" in problem.message
    assert "X_Auth_Name" in path.read_text().splitlines()[problem.line - 1]


def test_underscores_of_another_upstream_are_warned_about(tmp_path: Path) -> None:
    reports = {"url": "http://reports:80", "headers": {"X_KEY": "a"}}
    _, found = findings(configured(tmp_path, {}, upstreams={"reports": reports}))
    assert "header-underscore" in [finding.code for finding in found]


def test_underscores_are_warned_about_unless_they_are_listed(tmp_path: Path) -> None:
    identity = {"headers": {"SM_USER": "subject", "X-Name": "name"}}
    _, found = findings(configured(tmp_path, {"headers": {"X_KEY": "a"}}, identity))
    assert [finding.code for finding in found].count("header-underscore") == 2
    listed = {**identity, "headers_with_underscores": ["SM_USER", "X_KEY"]}
    _, found = findings(configured(tmp_path, {"headers": {"X_KEY": "a"}}, listed))
    assert "header-underscore" not in [finding.code for finding in found]


@pytest.mark.parametrize("separator", ["", "%", "a", ",,", "~", "\n", "  "])
def test_a_separator_that_could_be_part_of_a_value_is_refused(tmp_path: Path, separator: str) -> None:
    with pytest.raises(ConfigError):
        load(configured(tmp_path, {}, {"list_separator": separator}))
