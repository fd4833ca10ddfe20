"""A fault in one place hides none in another: the rest of the file is checked as if it were not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import ConfigError, load
from tests.forked import ROOT

SOUND = (ROOT / "config.yaml").read_text("utf-8")
ELSEWHERE = (
    ("    X-Auth-Name: name\n", "    X-Auth-Name: nam\n", "unknown attribute of the identity 'nam'"),
    ("- as: newcomer\n    request: GET /echo", "- as: newcomr\n    request: GET /echo", "unknown person 'newcomr'"),
    ("store: sqlite:var/prd.db", "store: sqlite:var/ti.db", "environments 'ti' and 'prd' share their store"),
    ("- organisation: {equals:", "- organisatie: {equals:", "unknown policy 'organisatie'"),
)  # fmt: skip


def found(folder: Path, *changes: tuple[str, str]) -> list[str]:
    text = SOUND
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "plugins").symlink_to(ROOT / "plugins")
    (folder / "config.yaml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(folder / "config.yaml")
    return [each.message for each in refused.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("version: 1\n", "", "the key 'version' is missing here"),
        ("      client_id: 5b0c3a52-6f0e-4f0a-9d53-0f5a1c7be001\n", "", "the key 'client_id' is missing here"),
        ("    public_url: http://localhost:8000\n", "", "the key 'public_url' is missing here"),
        ("    assertion: {key: file:secrets/ti/assertion.pem}\n", "", "the key 'assertion' is missing here"),
        ("      key: file:secrets/ti/session.key\n", "", "the key 'key' is missing here"),
        ("upstream: {url: http://127.0.0.1:8020, ", "upstream: {", "give the address of the register as `url`"),
        ("      issuer: http://localhost:8010/op\n", "      isuer: http://localhost:8010/op\n", "unknown key 'isuer'; did you mean 'issuer'?"),
        ("idle_timeout: 30m", "idle_timeout: 30 minutes", "write a duration as a number with its unit"),
        ("    right: OVAMGebruiker\n", "", "the key 'right' is missing here"),
        ("expect: allow", "expect: alow", "'alow' is not one of"),
        ("    doelgroep: EA\n", "    doelgroep: EA\n    foo: 1\n", "unknown key 'foo'"),
        ("version: 1\n", "version: 1\nversion: 1\n", "the key 'version' is given twice, first at line 4"),
        ("      client_id: 5b0c3a52-6f0e-4f0a-9d53-0f5a1c7be001\n", "      client_id:\n", "'client_id' has no value"),
        ("languages: [nl, en, fr, de]", "languages: !x [nl]", "the tag !x is not allowed"),
    ],
)  # fmt: skip
def test_one_fault_hides_no_other(tmp_path: Path, old: str, new: str, words: str) -> None:
    messages = found(tmp_path, (old, new), *((before, after) for before, after, _ in ELSEWHERE))
    for each in (words, *(words for _, _, words in ELSEWHERE)):
        assert any(each in message for message in messages), (each, messages)
    own = [each for each in messages if not any(words in each for _, _, words in ELSEWHERE)]
    assert 1 <= len(own) <= 2, own
    assert not any("stand" in each.lower() or ".invalid" in each for each in messages)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    listen: 127.0.0.1:8000\n", "    listen: 127.0.0.1:8000\n    maintenance: {windows: [{from: 2027-03-28T02:30, until: 2027-03-28T05:00}]}\n", "does not exist in Belgium"),
        ("  ti:\n", "  Ti:\n", "'Ti' does not have the right form"),
    ],
)  # fmt: skip
def test_a_fault_is_told_once(tmp_path: Path, old: str, new: str, words: str) -> None:
    (message,) = [each for each in found(tmp_path, (old, new)) if "prd" not in each]
    assert words in message


def test_a_file_with_nothing_but_faults_is_refused_with_each(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("environments: {ti: {}}\nrules: []\n")
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "config.yaml")
    words = " ".join(each.message for each in refused.value.problems)
    for key in ("version", "public_url", "provider", "upstream", "session", "assertion"):
        assert f"the key {key!r} is missing here" in words
