"""The reference of config.yaml has every key of the schema, and the page in docs is the one that the command prints."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any

from gateway.config.reference import reference
from gateway.config.schema import json_schema, policies_of
from tests.forked import ROOT

PAGE = ROOT / "docs/reference/config.md"
SCHEMA = json_schema(policies_of(ROOT / "config.yaml"))


def properties(node: Any, *, named: bool = False) -> Iterator[tuple[str, Any]]:
    """The properties of all schemas in this one; `named` for an object whose keys are names, such as a key `properties`."""
    if isinstance(node, dict):
        if not named:
            yield from node.get("properties", {}).items()
        for key, each in node.items():
            yield from properties(each, named=key == "properties" and not named)
    elif isinstance(node, list):
        for each in node:
            yield from properties(each)


def test_the_page_is_what_the_command_prints() -> None:
    made = reference(SCHEMA)
    if os.environ.get("REWRITE_REFERENCE"):
        PAGE.write_text(made, "utf-8")
    assert PAGE.read_text("utf-8") == made, "run `make format`, and read what changed"


def test_every_key_has_its_heading() -> None:
    """Or a section of its own, to which the section around it leads."""
    text = PAGE.read_text("utf-8")
    headings = re.findall(r"^##+ (\S+)", text, re.MULTILINE)
    keys = {heading.rpartition(".")[2] for heading in headings}
    policies = set(SCHEMA["$defs"]["policy"]["anyOf"][1]["properties"])
    named = {key for key, value in properties(SCHEMA) if isinstance(value, dict) and key != "include"}
    assert named - policies <= keys
    assert all(f"\n### {name}\n" in text for name in policies)


def test_every_link_leads_to_a_heading() -> None:
    text = PAGE.read_text("utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 _-]", "", each.lower()).replace(" ", "-") for each in headings}
    assert len(anchors) == len(headings)
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= anchors


def test_durations_are_as_they_are_written() -> None:
    text = PAGE.read_text("utf-8")
    entry = "duration, default `30m`. A session ends when nothing was asked for this long."
    assert f"\n### environments.NAME.session.idle_timeout\n\n{entry}\n" in text
    assert json.dumps(SCHEMA)
