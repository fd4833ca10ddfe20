"""The corpus of configuration cases: each with the outcome that it states, in the words of this configuration.

The cases are written for gateways in general (`roles:`, `regex_host:`); where the words differ, the same mistake is
made in ours. Cases of reloading and of workers are run where those are tested: `ELSEWHERE` names the place.
"""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.config import ConfigError, load
from gateway.config.positions import read_yaml
from gateway.plugin import Allow
from gateway.plugin.testing import facts, person, policy
from gateway.policy.evaluate import decide
from gateway.session.ticket import SessionCipher
from plugins.claim import Claim
from plugins.not_ import Not
from plugins.organisation import Organisation
from tests.cases.load import load as cases
from tests.config.test_lock import environments
from tests.gateways import write_config
from tests.policy.conftest import given
from tests.processes import ROOT

CASES = {case["id"]: case for case in cases("config-cases.json")}

# What a file with these rules is told, or None where it loads.
RULES: dict[str, tuple[Any, str | None]] = {
    "null-roles": (
        "  - id: a\n    match: {path: /admin/**}\n    require:\n",
        "'require' has no value",
    ),
    "empty-roles": ("  - {id: a, match: {path: /admin/**}, require: []}\n", "this may not be empty"),
    "empty-string-role": (
        "  - {id: a, match: {path: /admin/**}, require: [organisation: {any_of: ['']}]}\n",
        "at least 1 character",
    ),
    "typo-key": (
        "  - {id: a, match: {path: /admin/**}, requir: [anyone]}\n",
        "unknown key 'requir'; did you mean 'require'?",
    ),
    "no-rules": ("  []\n", "this may not be empty"),
    "nul": ('  - {id: a, match: {path: "/a\\0b"}, require: [anyone]}\n', "control"),
    "regex-catastrophic": ("  - {id: a, match: {regex: '^/(a+)+$'}, require: [anyone]}\n", None),
    "regex-nested-alt": ("  - {id: a, match: {regex: '^/(a|aa)+$'}, require: [anyone]}\n", None),
    "regex-unanchored": ("  - {id: a, match: {regex: '/admin'}, require: [anyone]}\n", None),
    "regex-invalid": (
        "  - {id: a, match: {regex: '/('}, require: [anyone]}\n",
        "this is not a valid regular expression",
    ),
    "regex-flags": ("  - {id: a, match: {regex: '/(?i)admin'}, require: [anyone]}\n", "flags such as (?i)"),
    "method-case": (
        "  - {id: a, match: {path: /, methods: [get, Post]}, require: [anyone]}\n",
        "'get' is not one of",
    ),
    "method-unknown": (
        "  - {id: a, match: {path: /, methods: [GTE]}, require: [anyone]}\n",
        "'GTE' is not one of",
    ),
    "ip-rule": ("  - {id: a, match: {path: /}, require: [network: [10.0.0.1/8, '::1']]}\n", "host bits"),
    "merge-key": (
        "  - {<<: {id: a}, match: {path: /}, require: [anyone]}\n",
        "merge keys (<<) are not allowed",
    ),
    "date": ("  - {id: a, match: {path: /}, require: [schedule: {from: 2024-01-01}]}\n", None),
}
# Whole files that are refused, whatever they say.
FILES: dict[str, str] = {
    "bomb": "too large once its aliases are expanded",
    "py-object": "is not allowed",
    "py-name": "is not allowed",
    "empty-file": "the file is empty",
    "two-docs": "this is not YAML: but found another document",
    "tabs-bom-crlf": "the key 'version' is missing",
    "env-expand": "unknown key 'secret'",
}
ELSEWHERE = {
    "order": "tests/config/test_lint.py",
    "secret-short": "tests/config/test_config_cases.py",
    "secret-missing-multiworker": "tests/config/test_config_cases.py",
    "secret-dump": "tests/config/test_config_cases.py",
    "plugin-exception": "tests/policy/test_evaluate.py",
    "plugin-order": "tests/plugin/test_discovery.py",
    "reload-sighup-storm": "tests/cli/test_reload.py",
    "reload-workers": "tests/cli/test_reload.py",
}
HERE = {"utf16", "fifo-config", "regex-dot", "context-missing", "negation"}


def written(folder: Path, rules: str) -> Path:
    path = write_config(folder, environments(folder))
    head, _, _ = path.read_text().partition("\nrules:")
    path.write_text(f"{head}\nrules:\n{rules}")
    return path


def told(path: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        load(path)
    return str(refused.value)


def test_every_case_is_run() -> None:
    assert {*RULES, *FILES, *ELSEWHERE, *HERE} == set(CASES)
    for place in ELSEWHERE.values():
        assert (ROOT / place).is_file()


@pytest.mark.parametrize("name", sorted(RULES))
def test_rules(tmp_path: Path, name: str) -> None:
    rules, words = RULES[name]
    path = written(tmp_path, rules)
    if words is None:
        load(path)
    else:
        message = told(path)
        assert words in message
        assert message.startswith(f"{path}:")


@pytest.mark.parametrize("name", sorted(FILES))
def test_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CASES[name]["yaml"], "utf-8", newline="")
    tracemalloc.start()
    try:
        message = told(path)
        assert tracemalloc.get_traced_memory()[1] < 300_000_000
    finally:
        tracemalloc.stop()
    assert FILES[name] in message


def test_utf16_is_read_as_what_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, "  - {id: a, match: {path: /}, require: [anyone]}\n")
    plain = load(path).rules["ti"].hash
    path.write_text(path.read_text(), "utf-16")
    assert load(path).rules["ti"].hash == plain


def test_what_is_no_file_does_not_hang(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nothing", Path("/dev/zero")):
        assert "cannot read it" in told(place)


def test_a_dot_in_a_host_is_a_dot(tmp_path: Path) -> None:
    path = written(tmp_path, "  - {id: a, match: {path: /, hosts: [gw.test]}, require: [anyone]}\n")
    rules = load(path).rules["ti"]
    assert decide(rules, given("/")).allowed
    assert not decide(rules, replace(given("/"), host="gwxtest")).allowed


def test_values_are_never_expanded() -> None:
    assert read_yaml("a: ${SECRET}\nb: '$${x}'\n", "x")[0] == {"a": "${SECRET}", "b": "$${x}"}


@pytest.mark.parametrize("secret", ["changeme", "12345678"])
def test_a_short_secret_seals_nothing(secret: str) -> None:
    with pytest.raises(ValueError, match="at least 32 octets"):
        SessionCipher("ti", (secret.encode(),))


def test_there_is_no_default_secret(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    del all_of["ti"]["session"]["key"]
    assert "the key 'key' is missing here" in told(write_config(tmp_path, all_of))


def test_a_written_secret_is_refused_and_not_repeated(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    all_of["ti"]["session"]["key"] = "s3cret-s3cret-s3cret-s3cret-s3cret"
    all_of["ti"]["session"]["store"] = "redis://:p4ssword@localhost:6379/0"
    message = told(write_config(tmp_path, all_of))
    assert "a secret is never written here" in message
    assert "a password is never written here" in message
    assert "s3cret" not in message
    assert "p4ssword" not in message


def test_a_claim_that_is_absent_denies() -> None:
    for options in ({"equals": "x"}, {"any_of": ["x"]}, {"contains": "x"}, {"exists": True}):
        asked = policy(Claim, {"name": "function", **options})
        assert not isinstance(asked.decide(facts(identity=person())), Allow)


def test_nobody_passes_by_negation() -> None:
    for inside, cls in (
        ({"claim": {"name": "role", "equals": "guest"}}, Claim),
        ({"organisation": {"doelgroep": ["BUR"]}}, Organisation),
    ):
        asked = policy(Not, inside, others=(cls,))
        assert not isinstance(asked.decide(facts()), Allow)
    asked = policy(Not, {"claim": {"name": "role", "equals": "guest"}}, others=(Claim,))
    assert not isinstance(asked.decide(facts(identity=person())), Allow)
