"""What is hardly meant: each file is a part of a configuration, a line of dashes, and the warnings about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.blocks.file import Block, change
from gateway.config import load
from gateway.config.lint import findings
from tests.config.test_lock import environments
from tests.config.test_rules import rule
from tests.gateways import PLUGINS, settings, write_config
from tests.processes import command

CASES = sorted((Path(__file__).parent.parent / "cases" / "lint").glob("*.txt"))
_RIGHTS = {
    "indiener": {"right": "OVAMGebruiker", "context": "Indiener"},
    "lezer": {"right": "OVAMGebruiker", "context": "Lezer"},
}


def configuration(folder: Path, text: str) -> Path:
    """The rules of a case as they stand, in lines of their own at the top, and around them what must be there."""
    written = yaml.safe_load(text)
    whole = environments(folder)["ti"] | {"public_url": "https://register.example.be"}
    if "scopes" in written:
        whole["provider"]["scopes"] = written["scopes"]
    document: dict[str, Any] = {
        "version": 1,
        "plugins": [PLUGINS],
        "environments": {"ti": whole},
        "rights": _RIGHTS,
    }
    lines = [line for line in text.splitlines() if not line.startswith("scopes:")]
    path = folder / "config.yaml"
    path.write_text("\n".join(lines) + "\n" + yaml.safe_dump(document, sort_keys=False))
    return path


def told(path: Path) -> list[str]:
    text = path.read_text().splitlines()
    return [
        f"{text[found.at[1] - 1].strip()[:24]} | {found.message} [{found.code}]".replace(
            f"{path.parent}/", ""
        )
        for found in findings(path)[1]
    ]


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_every_warning_is_told_with_its_place(tmp_path: Path, case: Path) -> None:
    text, _, expected = case.read_text("utf-8").partition("\n----\n")
    assert "\n".join(told(configuration(tmp_path, text))) == expected.rstrip("\n")


def test_what_only_one_environment_has_is_told_of_that_one(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    all_of["ti"]["rules"] = {"before": [rule("everything", require="authenticated")]}
    path = write_config(tmp_path, all_of, rules=[rule("late", "/late", {"right": {"right": "indiener"}})])
    (finding,) = findings(path)[1]
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


def test_a_block_under_a_key_that_is_gone_is_reported(tmp_path: Path) -> None:
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020",
    )  # fmt: skip
    path = write_config(tmp_path, {"ti": environment})
    config = load(path)
    (key,) = config.environment("ti").ring("pseudonyms").read()
    blocks = [
        Block("b-lasts", "person", "p", "r", "op", 0.0, None, (key.id,)),
        Block("b-over", "person", "p", "r", "op", 0.0, 1.0, ("another",)),
        Block("b-organisation", "organisation", "0428315871", "r", "op", 0.0),
    ]
    change(config.blocks_file("ti"), "ti", lambda _none: blocks)
    assert "block-without-key" not in {finding.code for finding in findings(path)[1]}
    (tmp_path / "secrets/ti/session.key").write_bytes(b"another key that nobody knows of" * 2)
    (found,) = [finding for finding in findings(path)[1] if finding.code == "block-without-key"]
    assert "b-lasts; name it as a previous key" in found.message
