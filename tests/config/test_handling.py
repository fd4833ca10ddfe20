"""Rules against their environment: upstreams that are there, limits, and headers that are the gateway's."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from gateway.config import ConfigError, load
from gateway.config.reload import reload_config
from tests.config.test_lock import environments
from tests.config.test_rules import rule
from tests.gateways import write_config

REPORTS = {
    "servers": ["http://reports-1:80", "unix:/run/reports.sock"],
    "strip_prefix": "/reports",
    "headers": {"X-Api_Key": "k"},
    "breaker": {"enabled": False},
    "basic": {"username": "gateway", "password": "env:HOME"},
}
AT_REPORTS = {"upstream": "reports", "match": {"path": "/reports/**"}}


def written(folder: Path, *rules: dict[str, Any], upstreams: dict[str, Any] | None = None) -> Path:
    environment = {"ti": environments(folder)["ti"]}
    environment["ti"]["upstreams"] = {"reports": REPORTS} if upstreams is None else upstreams
    return write_config(folder, environment, rules=list(rules))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"upstream": "report"},
            "unknown upstream 'report'; did you mean 'reports'? (known: default, reports) in",
        ),
        (
            {"upstream": "reports"},
            "but this rule also matches paths that do not begin with it: write path: /reports/**",
        ),
        ({"upstream": "reports", "match": {"regex": "/reports/.*"}}, None),
        ({"upstream": "reports", "match": {"path": "/reports"}}, None),
        ({"upstream": "reports", "match": {"path": "/{x}/y"}}, "write path: /reports/**"),
        ({"redirect": {"to": "/x/{kbo}"}}, "unknown path variable 'kbo'"),
        ({"redirect": {"to": "/x/{kbo}"}, "match": {"path": "/{kbo}"}}, None),
        ({"max_body": 2**40}, "takes no body above edge.max_body_bytes, 1073741824"),
        ({"request_headers": {"set": {"X-Auth-Name": "x"}}}, "x-auth-name is an identity header"),
        ({"request_headers": {"remove": ["X-AUTH-RIGHTS"]}}, "x-auth-rights is an identity header"),
        ({"request_headers": {"set": {"Remote-User": "x"}}}, "remote-user is an identity header"),
        ({"request_headers": {"remove": ["X-Toegangspoort-Assertion"]}}, "is an identity header"),
        ({"request_headers": {"set": {"X-Tenant": "x"}}}, None),
        (
            {"request_headers": {"set": {"X-Api-Key": "x"}}, **AT_REPORTS},
            "upstream 'reports' always gets its own x-api-key",
        ),
        ({"request_headers": {"remove": ["x-api-key"]}, **AT_REPORTS}, "always gets its own x-api-key"),
        ({"request_headers": {"remove": ["Authorization"]}, **AT_REPORTS}, "its own authorization"),
        ({"request_headers": {"set": {"X-Api-Key": "x"}}}, None),
    ],
)
def test_what_does_not_fit(tmp_path: Path, values: dict[str, Any], words: str | None) -> None:
    path = written(tmp_path, rule("a") | values)
    if words is None:
        load(path)
        return
    with pytest.raises(ConfigError) as problem:
        load(path)
    (found,) = problem.value.problems
    assert words in found.message
    assert path.read_text().splitlines()[found.line - 1].strip()


def test_an_upstream_is_not_called_default(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is the name of the one under"):
        load(written(tmp_path, rule("a"), upstreams={"default": {"url": "http://a"}}))


def test_environments_share_no_server(tmp_path: Path) -> None:
    both = environments(tmp_path)
    for each in both.values():
        each["upstreams"] = {"reports": deepcopy(REPORTS)}
    with pytest.raises(ConfigError) as problem:
        load(write_config(tmp_path, both, rules=[rule("a")]))
    assert sum("share their upstream" in str(each) for each in problem.value.problems) == 4


def test_rules_for_an_upstream_that_is_not_open_wait_for_a_restart(tmp_path: Path) -> None:
    current = load(written(tmp_path, rule("a"), upstreams={}))
    written(tmp_path, rule("a"))
    assert "upstreams" in reload_config(current, "ti").restart
    written(tmp_path, rule("a", "/reports/**") | {"upstream": "reports"})
    with pytest.raises(ConfigError, match="restart the gateway for it"):
        reload_config(current, "ti")


@pytest.mark.parametrize(
    ("changes", "values", "words"),
    [
        ({"strip_prefix": "/other"}, {"match": {"path": "/other/**"}}, "the prefix in use of 'reports'"),
        ({"headers": {}}, {"request_headers": {"set": {"X-Api-Key": "x"}}}, "changes x-api-key, which this"),
    ],
)
def test_rules_are_held_against_the_settings_that_this_process_runs_with(
    tmp_path: Path, changes: dict[str, Any], values: dict[str, Any], words: str
) -> None:
    current = load(written(tmp_path, rule("a") | AT_REPORTS))
    written(tmp_path, rule("a") | AT_REPORTS | values, upstreams={"reports": REPORTS | changes})
    with pytest.raises(ConfigError, match=words):
        reload_config(current, "ti")


def test_an_identity_header_that_is_still_written_cannot_be_changed(tmp_path: Path) -> None:
    current = load(written(tmp_path, rule("a")))
    path = written(tmp_path, rule("a") | {"request_headers": {"set": {"X-Auth-Name": "x"}}})
    text = path.read_text()
    assert "x-auth-name" in text.lower()
    path.write_text(re.sub(r"(?m)^ *\"?X-Auth-Name\"?: (?!x$).*\n", "", text, flags=re.IGNORECASE))
    load(path)
    with pytest.raises(ConfigError, match="changes x-auth-name, which this process writes itself"):
        reload_config(current, "ti")
