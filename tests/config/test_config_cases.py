"""The corpus of configuration cases: each with the outcome that it states, in the words of this configuration.

The cases are written for gateways in general (`roles:`, `regex_host:`); where the words differ, the same mistake is
made in ours, in a check that is named by the case's id and stands for what the case says in prose. Of a case without
one, a list of rules is put in our words, and else only the YAML itself can be judged. Reloading and workers have tests of their own: `ELSEWHERE` names them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
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
from tests.cases.runners import CONFIG, no_runner, runs
from tests.config.test_lock import environments
from tests.gateways import write_config
from tests.policy.conftest import given
from tests.processes import ROOT

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
    "two-docs": "this is not YAML: a second document begins here",
    "tabs-bom-crlf": "the key 'version' is missing",
    "env-expand": "unknown key 'secret'",
}
ELSEWHERE = {
    "order": "tests/config/test_lint.py::test_every_warning_is_told_with_its_place",
    "plugin-exception": "tests/policy/test_evaluate.py::test_a_policy_that_fails_refuses_whatever_is_round_it",
    "plugin-order": "tests/plugin/test_discovery.py::test_what_cannot_be_used_is_told",
    "reload-sighup-storm": "tests/cli/test_reload.py::test_reloads_under_load_lose_nothing_and_mix_nothing",
    "reload-workers": "tests/cli/test_reload.py::test_reloads_under_load_lose_nothing_and_mix_nothing",
}


def written(folder: Path, rules: str) -> Path:
    path = write_config(folder, environments(folder))
    head, _, _ = path.read_text().partition("\nrules:")
    path.write_text(f"{head}\nrules:\n{rules}")
    return path


def told(path: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        load(path)
    return str(refused.value)


def rules_of_ours(folder: Path, name: str) -> None:
    rules, words = RULES[name]
    path = written(folder, rules)
    if words is None:
        load(path)
    else:
        message = told(path)
        assert words in message
        assert message.startswith(f"{path}:")


def file_as_it_stands(folder: Path, text: str, words: str) -> None:
    path = folder / "config.yaml"
    path.write_text(text, "utf-8", newline="")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew: proc(5)
    before = peak()
    message = told(path)
    assert peak() - before < 300_000
    assert words in message


def peak() -> int:
    """The most memory that this process has held, in kB."""
    (found,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found)


def run_elsewhere(node: str, config: pytest.Config) -> None:
    """Run the test that stands for a case; among all tests it is enough that there is one."""
    file, _, name = node.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text()
    if config.getoption("cases"):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", node]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def refused_as_yaml(text: str) -> bool:
    """Whether the reader of YAML refuses this, whatever it means."""
    try:
        read_yaml(text, "config.yaml")
    except ConfigError:
        return True
    return False


MATCH = {"path": "path: {}", "regex": "regex: {}", "methods": "methods: {}", "host": "hosts: [{}]"}
LINE = re.compile(r"  (?:- |  )(\w+): *(.*)")


def in_our_words(text: str) -> str | None:
    """The rules of a case as ours, their values letter for letter; None where it holds more than plain rules."""
    first, *lines = text.splitlines()
    found = [LINE.fullmatch(line) for line in lines]
    if first != "rules:" or not all(found):
        return None
    rules: list[dict[str, str]] = []
    for line, pair in zip(lines, found, strict=True):
        assert pair is not None
        if line.startswith("  - "):
            rules.append({})
        rules[-1][pair[1]] = pair[2]
    return "".join(our_rule(number, rule) for number, rule in enumerate(rules))


def our_rule(number: int, rule: dict[str, str]) -> str:
    rule = {
        key: f"{value}**" if key == "path" and value.endswith("/") else value for key, value in rule.items()
    }
    match = ", ".join(MATCH[key].format(value) for key, value in rule.items() if key in MATCH)
    lines = [f"- id: rule-{number}", f"  match: {{{match or 'path: /**'}}}"]
    lines += [f"  {key}: {value}" for key, value in rule.items() if key not in (*MATCH, "roles", "public")]
    roles = rule.get("roles")
    if roles is None:
        lines.append(f"  require: [{'anyone' if rule.get('public') == 'true' else 'authenticated'}]")
    else:
        lines.append(
            f"  require: {roles and (roles if roles == '[]' else f'[organisation: {{any_of: {roles}}}]')}"
        )
    return "".join(f"  {line}\n" for line in lines)


def judged_by_its_yaml(folder: Path, case: dict[str, Any]) -> None:
    """A case without a check of its own, where it says that it is rejected (or something that lets nobody in)."""
    text, expected = case["yaml"], case["expected"]
    if not expected.startswith(("rejected", "refused")):
        no_runner(case)
    if refused_as_yaml(text):
        return
    rules = in_our_words(text)
    if rules is None:
        no_runner(case)
    path = written(folder, str(rules))
    try:
        found = load(path).rules["ti"]
    except ConfigError as refused:
        assert str(refused).startswith(f"{path}:")
    else:
        assert " or " in expected, "it was not rejected"
        assert not decide(found, given("/admin/x")).allowed


@runs(CONFIG, fields=("yaml", "expected"))
def test_config_cases(tmp_path: Path, request: pytest.FixtureRequest, case: dict[str, Any]) -> None:
    name, text = case["id"], case["yaml"]
    if name in RULES:
        rules_of_ours(tmp_path, name)
    elif name in FILES:
        file_as_it_stands(tmp_path, text, FILES[name])
    elif name in CHECKS:
        CHECKS[name](tmp_path)
    elif name in ELSEWHERE:
        run_elsewhere(ELSEWHERE[name], request.config)
    else:
        judged_by_its_yaml(tmp_path, case)


def utf16_is_read_as_what_it_is(folder: Path) -> None:
    path = written(folder, "  - {id: a, match: {path: /}, require: [anyone]}\n")
    plain = load(path).rules["ti"].hash
    path.write_text(path.read_text(), "utf-16")
    assert load(path).rules["ti"].hash == plain


def what_is_no_file_does_not_hang(folder: Path) -> None:
    fifo = folder / "fifo"
    os.mkfifo(fifo)
    loop = folder / "loop"
    loop.symlink_to(loop)
    for place in (folder, folder / "nothing", Path("/dev/zero"), fifo, loop):
        assert "cannot read it" in told(place)


def a_dot_in_a_host_is_a_dot(folder: Path) -> None:
    path = written(folder, "  - {id: a, match: {path: /, hosts: [gw.test]}, require: [anyone]}\n")
    rules = load(path).rules["ti"]
    assert decide(rules, given("/")).allowed
    assert not decide(rules, given("/")._replace(host="gwxtest")).allowed


def test_values_are_never_expanded() -> None:
    assert read_yaml("a: ${SECRET}\nb: '$${x}'\n", "x")[0] == {"a": "${SECRET}", "b": "$${x}"}


def a_short_secret_seals_nothing(_folder: Path) -> None:
    for secret in ("changeme", "12345678"):
        with pytest.raises(ValueError, match="at least 32 octets"):
            SessionCipher("ti", (secret.encode(),))


def there_is_no_default_secret(folder: Path) -> None:
    all_of = environments(folder)
    del all_of["ti"]["session"]["key"]
    assert "the key 'key' is missing here" in told(write_config(folder, all_of))


def a_written_secret_is_refused_and_not_repeated(folder: Path) -> None:
    all_of = environments(folder)
    all_of["ti"]["session"]["key"] = "s3cret-s3cret-s3cret-s3cret-s3cret"
    all_of["ti"]["session"]["store"] = "redis://:p4ssword@localhost:6379/0"
    message = told(write_config(folder, all_of))
    assert "a secret is never written here" in message
    assert "a password is never written here" in message
    assert "s3cret" not in message
    assert "p4ssword" not in message


def a_claim_that_is_absent_denies(_folder: Path) -> None:
    for options in ({"equals": "x"}, {"any_of": ["x"]}, {"contains": "x"}, {"exists": True}):
        asked = policy(Claim, {"name": "function", **options})
        assert not isinstance(asked.decide(facts(identity=person())), Allow)


def nobody_passes_by_negation(_folder: Path) -> None:
    for inside, cls in (
        ({"claim": {"name": "role", "equals": "guest"}}, Claim),
        ({"organisation": {"doelgroep": ["BUR"]}}, Organisation),
    ):
        asked = policy(Not, inside, others=(cls,))
        assert not isinstance(asked.decide(facts()), Allow)
    asked = policy(Not, {"claim": {"name": "role", "equals": "guest"}}, others=(Claim,))
    assert not isinstance(asked.decide(facts(identity=person())), Allow)


CHECKS: dict[str, Callable[[Path], None]] = {
    "utf16": utf16_is_read_as_what_it_is,
    "fifo-config": what_is_no_file_does_not_hang,
    "regex-dot": a_dot_in_a_host_is_a_dot,
    "secret-short": a_short_secret_seals_nothing,
    "secret-missing-multiworker": there_is_no_default_secret,
    "secret-dump": a_written_secret_is_refused_and_not_repeated,
    "context-missing": a_claim_that_is_absent_denies,
    "negation": nobody_passes_by_negation,
}
