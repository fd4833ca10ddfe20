"""The reference of the policies: every policy has its page and its test, every option its line, every example loads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config.positions import read_yaml
from gateway.config.schema import Documented
from gateway.plugin import LoadContext, NamedRight
from gateway.plugin.decode import Decoder, option_names
from gateway.plugin.discovery import load_policies
from gateway.plugin.testing import LEVELS

ROOT = Path(__file__).parent.parent.parent
POLICIES = load_policies()
PAGES = ROOT / "docs/reference/policies"
RIGHTS = {name: NamedRight(name, "OVAMGebruiker", name) for name in ("indiener", "lezer")}


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text("utf-8")


def test_every_page_is_of_a_policy() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {*POLICIES, "README"}
    index = page("README")
    assert {name for name in POLICIES if f"[`{name}`]({name}.md)" in index} == set(POLICIES)


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_policy_has_a_test_of_its_own(name: str) -> None:
    assert (Path(__file__).parent / f"test_{name}.py").is_file()


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_option_is_documented(name: str) -> None:
    text = page(name)
    assert text.startswith(f"# {name}\n")
    assert tuple(
        re.findall(r"^\| `([a-z_]+)` \| ", text.partition("## Options")[2].partition("## ")[0], re.M)
    ) == (option_names(POLICIES[name]))
    described = POLICIES[name].model_json_schema(schema_generator=Documented).get("properties", {})
    for option in described.values():
        assert " ".join(option["description"].split()) in text


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_reason_is_documented(name: str) -> None:
    module = {"not": "not_"}.get(name, name)
    source = (ROOT / f"plugins/{module}.py").read_text("utf-8")
    for reason in re.findall(r'(?:Allow|Deny|NotApplicable)\("([a-z-]+)"', source):
        assert f"`{reason}`" in page(name)


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_the_examples_load(name: str) -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```", page(name), re.M | re.S)
    data, _ = read_yaml(example, name)
    faults: list[Any] = []
    context = LoadContext(
        rights=RIGHTS, variables=("kbo",), rule="x", folder=ROOT, levels=LEVELS, shared_store=None
    )
    decoder = Decoder(POLICIES, context, lambda place, fault: faults.append((place, fault)))
    decoded = [decoder.policy(node, ("require", number)) for number, node in enumerate(data["require"])]
    assert not faults
    assert {policy.policy_name for policy in decoded if policy is not None} == {name}
    assert yaml.safe_load(example)["require"]
