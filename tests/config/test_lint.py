"""What is hardly meant: each file is a part of a configuration, a line of dashes, and the warnings about it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import ConfigError
from gateway.config.lint import findings
from tests.config.test_lock import environments
from tests.config.test_rules import rule
from tests.gateways import PLUGINS, write_config
from tests.processes import command

CASES = sorted((Path(__file__).parent.parent / "cases" / "lint").glob("*.txt"))
TODAY = date(2026, 11, 26)
_RIGHTS = {
    "indiener": {"right": "OVAMGebruiker", "context": "Indiener"},
    "lezer": {"right": "OVAMGebruiker", "context": "Lezer"},
}


def configuration(folder: Path, text: str) -> Path:
    """The rules of a case as they stand, in lines of their own at the top, and around them what must be there."""
    written = yaml.safe_load(text)
    whole = environments(folder)["ti"] | {"public_url": "https://register.example.be"}
    whole |= written.get("environment", {})
    if "scopes" in written:
        whole["provider"]["scopes"] = written["scopes"]
    document: dict[str, Any] = {
        "version": 1,
        "plugins": [PLUGINS],
        "environments": {"ti": whole},
        "rights": _RIGHTS,
        "catalogue": {"OVAMGebruiker": ["Indiener", "Lezer"]},
    }
    document = {key: value for key, value in document.items() if key not in written}
    lines = [line for line in text.splitlines() if not line.startswith(("scopes:", "environment:"))]
    path = folder / "config.yaml"
    path.write_text("\n".join(lines) + "\n" + yaml.safe_dump(document, sort_keys=False))
    return path


def told(path: Path) -> list[str]:
    text = path.read_text().splitlines()
    return [
        f"{text[found.at[1] - 1].strip()[:24]} | {found.message} [{found.code}]".replace(
            f"{path.parent}/", ""
        )
        for found in findings(path, today=TODAY)[1]
    ]


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_every_warning_is_told_with_its_place(tmp_path: Path, case: Path) -> None:
    text, _, expected = case.read_text("utf-8").partition("\n----\n")
    assert "\n".join(told(configuration(tmp_path, text))) == expected.rstrip("\n")


def test_what_only_one_environment_has_is_told_of_that_one(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    all_of["ti"]["rules"] = {"before": [rule("everything", require="authenticated")]}
    path = write_config(tmp_path, all_of, rules=[rule("late", "/late", {"right": {"right": "indiener"}})])
    (finding,) = (each for each in findings(path)[1] if each.code == "unreachable")
    assert finding.message == (
        "rule 'late' decides nothing: /late is decided by rule 'everything' before it (in ti)"
    )
    assert finding.at[0] == str(path)


def test_strict_makes_warnings_count(tmp_path: Path) -> None:
    path = configuration(tmp_path, "rules:\n  - {id: a, match: {path: /**}, require: [anyone]}\n")
    lax, strict = (
        command("config", "validate", str(path)),
        command("config", "validate", str(path), "--strict"),
    )
    assert (lax.returncode, strict.returncode) == (0, 1)
    for done in (lax, strict):
        assert f"{path}:" in done.stderr
        assert "warning: no rule names the right 'indiener' [unused-right]" in done.stderr
    assert "is fine" in lax.stdout
    assert "2 warnings." in strict.stderr


def test_the_configuration_of_the_demonstration_has_none() -> None:
    done = command("config", "validate", "config.yaml", "--strict")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_an_upstream_that_no_rule_uses(tmp_path: Path) -> None:
    all_of = {"ti": environments(tmp_path)["ti"]}
    all_of["ti"]["upstreams"] = {name: {"url": f"http://{name}"} for name in ("used", "unused")}
    path = write_config(tmp_path, all_of, rules=[rule("a") | {"upstream": "used"}])
    found = [each for each in findings(path)[1] if each.code == "unused-upstream"]
    assert [each.message for each in found] == ["no rule uses the upstream 'unused'"]


_PROXIES = {"edge": {"trusted_proxies": ["0.0.0.0/1"]}}
_OFFICE = {"network": {"any_of": ["192.0.2.0/24"]}}


@pytest.mark.parametrize(
    ("code", "changes", "rules"),
    [
        ("wide-proxy", _PROXIES, []),
        ("proxy-not-trusted", {}, [rule("office", "/office", _OFFICE)]),
        ("unused-upstream", {"upstreams": {"other": {"url": "http://localhost:9"}}}, []),
        ("scope-not-asked", {"scopes": ["openid"]}, []),
        ("case-backend", {}, [rule("page", "/Admin/page.aspx")]),
    ],
)
def test_an_environment_accepts_what_is_meant_there(
    tmp_path: Path, code: str, changes: dict[str, Any], rules: list[Any]
) -> None:
    def codes(**accepted: Any) -> list[str]:
        two = environments(tmp_path)
        for name, each in two.items():
            each["public_url"] = each["public_url"].replace("http://localhost", f"https://{name}.example.be")
        two["ti"] |= {key: value for key, value in changes.items() if key != "scopes"} | accepted
        two["ti"]["provider"]["scopes"] = changes.get("scopes", two["ti"]["provider"]["scopes"])
        written = [*rules, rule("all", "/**", {"right": {"right": "indiener"}})]
        return [each.code for each in findings(write_config(tmp_path, two, rules=written), today=TODAY)[1]]

    before = codes()
    after = codes(accept=[code])
    assert code in before
    here = sum(each == code for each in after)
    # The other environment has what was not accepted there.
    assert here == (1 if not changes else 0)
    assert [each for each in after if each != code] == [each for each in before if each != code]


@pytest.mark.parametrize("code", ["unused-right", "unseen-right", "unproven-right"])
def test_a_right_accepts_what_is_meant_there(tmp_path: Path, code: str) -> None:
    def codes(**accepted: Any) -> list[str]:
        path = write_config(tmp_path, environments(tmp_path), rules=[rule("all", "/**")])
        document = yaml.safe_load(path.read_text())
        document["rights"] = {key: {**value, **accepted} for key, value in _RIGHTS.items()}
        if code == "unseen-right":
            document["catalogue"] = {"OVAMGebruiker": ["Indiener"]}
        path.write_text(yaml.safe_dump(document))
        return [each.code for each in findings(path, today=TODAY)[1]]

    before = codes()
    assert code in before
    assert codes(accept=[code]) == [each for each in before if each != code]


def test_what_is_never_meant_is_accepted_nowhere(tmp_path: Path) -> None:
    two = environments(tmp_path)
    two["ti"]["accept"] = ["block-without-key"]
    with pytest.raises(ConfigError, match="proxy-not-trusted"):
        findings(write_config(tmp_path, two))
