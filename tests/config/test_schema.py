"""The JSON Schema: the file in the documentation is current, and whatever it says the loader says too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gateway.plugin.decode import option_names
from gateway.plugin.discovery import load_policies
from tests.processes import ROOT, command

FILE = ROOT / "docs/reference/config.schema.json"


def schema() -> Any:
    return json.loads(FILE.read_text("utf-8"))


def test_the_file_is_current() -> None:
    done = command("config", "schema", "config.yaml")
    assert done.returncode == 0
    assert done.stdout == FILE.read_text("utf-8"), (
        "run: gateway config schema > docs/reference/config.schema.json"
    )


def test_the_configuration_points_to_it() -> None:
    first = (ROOT / "config.yaml").read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=docs/reference/config.schema.json"


def test_every_policy_and_option_is_in_it_with_words() -> None:
    bare, written = schema()["$defs"]["policy"]["anyOf"]
    policies = load_policies()
    assert set(written["properties"]) == set(policies)
    assert set(bare["enum"]) <= set(policies)
    for name, policy in policies.items():
        block = written["properties"][name]
        options = block["anyOf"][0] if "anyOf" in block else block
        assert set(options["properties"]) == set(option_names(policy))
        assert not [key for key, option in options["properties"].items() if "description" not in option]


def test_every_reference_leads_somewhere_and_nothing_may_be_null() -> None:
    found = schema()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            assert node != {"type": "null"}
            reference = node.get("$ref")
            if isinstance(reference, str):
                assert reference.removeprefix("#/$defs/") in found["$defs"]
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(found)


def test_every_key_is_described() -> None:
    found = schema()
    for name, definition in found["$defs"].items():
        for key, described in definition.get("properties", {}).items():
            assert "description" in described or "." in name or "$ref" in described, f"{name}.{key}"


def test_policies_of_ones_own_are_in_it_too(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"plugins: [{ROOT}/examples/plugins]\n")
    written = json.loads(command("config", "schema", str(tmp_path / "c.yaml")).stdout)
    assert {"email-domain", "right"} <= set(written["$defs"]["policy"]["anyOf"][1]["properties"])


def test_plugins_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("plugins: ./nothing\n")
    done = command("config", "schema", str(tmp_path / "c.yaml"))
    assert done.returncode == 1
    assert "c.yaml:1:10: a list of folders and modules is expected here" in done.stderr
    (tmp_path / "c.yaml").write_text("plugins: [./nothing]\n")
    assert "c.yaml:1:11: " in (refused := command("config", "schema", str(tmp_path / "c.yaml")).stderr)
    assert "is not a folder" in refused
