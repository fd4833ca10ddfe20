"""The JSON Schema of config.yaml, with the options of all policies: editors use it to complete and check the file."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from gateway.config.includes import read_file
from gateway.config.model import Document
from gateway.config.positions import Positions, read_yaml
from gateway.config.problems import ConfigError
from gateway.files.real_path import real_path
from gateway.plugin import Policy
from gateway.plugin.discovery import find_policies, is_foreign

_POLICY = {"$ref": "#/$defs/policy"}
_INCLUDE = {
    "type": "object",
    "description": "Rules from other files, in the folder of this file or below it.",
    "properties": {"include": {"type": "string", "description": "A file or a pattern: rules/*.yaml."}},
    "required": ["include"],
    "additionalProperties": False,
}


class Documented(GenerateJsonSchema):
    """Describes each option by the docstring of its field, read here alone: every start would pay for it."""

    def model_schema(self, schema: core_schema.ModelSchema) -> dict[str, Any]:
        found = super().model_schema(schema)
        options, words = found.get("properties", {}), _docstrings(schema["cls"])
        for name, info in schema["cls"].model_fields.items():
            option = options.get(info.alias or name)
            if option is not None and name in words:
                option.setdefault("description", words[name])
        return found


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The docstring below each field of a model and of those that it extends."""
    found = {}
    for base in reversed(model.__mro__[: model.__mro__.index(BaseModel)]):
        (block,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(block, ast.ClassDef)
        for line, below in pairwise(block.body):
            match line, below:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(words))):
                    found[name] = inspect.cleandoc(words)
    return found


def policies_of(path: Path) -> Mapping[str, type[Policy]]:
    """The policies that a configuration can use, whatever else is wrong with it. Raises ConfigError."""
    sources, positions = _sources(path)
    found, faults = find_policies(sources, real_path(path).parent)
    if faults:
        raise ConfigError(
            positions.problem(("plugins", sources.index(fault.source)), str(fault)) for fault in faults
        )
    return found


def has_foreign_policies(path: Path) -> bool:
    """Whether a configuration names policies that do not come with the gateway. Raises ConfigError."""
    return any(is_foreign(source, real_path(path).parent) for source in _sources(path)[0])


def _sources(path: Path) -> tuple[list[str], Positions]:
    data, positions = read_yaml(read_file(path, str(path)), str(path))
    sources = data.get("plugins", []) if isinstance(data, dict) else []
    if not isinstance(sources, list) or not all(isinstance(source, str) for source in sources):
        raise ConfigError([positions.problem(("plugins",), "a list of folders and modules is expected here")])
    return sources, positions


def json_schema(policies: Mapping[str, type[Policy]]) -> dict[str, Any]:
    """The schema as JSON data (JSON Schema draft 2020-12)."""
    schema = Document.model_json_schema(schema_generator=Documented)
    defs: dict[str, Any] = schema["$defs"]
    defs["include"] = _INCLUDE
    defs["RuleSettings"]["properties"]["require"]["items"] = _POLICY
    defs["MatchSettings"]["oneOf"] = [{"required": ["path"]}, {"required": ["regex"]}]
    for block, key in (
        (schema, "rules"),
        (defs["EnvironmentRules"], "before"),
        (defs["EnvironmentRules"], "after"),
    ):
        block["properties"][key]["items"] = {
            "anyOf": [{"$ref": "#/$defs/RuleSettings"}, {"$ref": "#/$defs/include"}]
        }
    bare: list[str] = []
    written: dict[str, Any] = {}
    for name, policy in sorted(policies.items()):
        options = _options(policy, defs)
        if not any(info.is_required() for info in policy.model_fields.values()):
            bare.append(name)
        inline = options["properties"].get(policy.policy_inline) if policy.policy_inline is not None else None
        written[name] = {"anyOf": [options, inline]} if inline is not None else options
    defs["policy"] = {
        "description": "A policy: its name, or its name with options.",
        "anyOf": [
            {"enum": bare},
            {
                "type": "object",
                "properties": written,
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ],
    }
    whole: dict[str, Any] = _without_nothing(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **whole,
        "title": "Configuration of Toegangspoort",
    }


def _options(policy: type[Policy], defs: dict[str, Any]) -> dict[str, Any]:
    """The schema of a policy's options; definitions that it refers to are added to `defs` under the policy's name."""
    found: dict[str, Any] = policy.model_json_schema(
        ref_template=f"#/$defs/{policy.policy_name}.{{model}}", schema_generator=Documented
    )
    for name, definition in found.pop("$defs", {}).items():
        defs[f"{policy.policy_name}.{name}"] = _POLICY if name == "Policy" else definition
    found["title"] = policy.policy_name
    found.setdefault("properties", {})
    return found


def _without_nothing(node: Any) -> Any:
    """The same without `null`: an option that is not set is left out of the file."""
    if isinstance(node, list):
        return [_without_nothing(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {key: _without_nothing(value) for key, value in node.items() if (key, value) != ("default", None)}
    choices = [choice for choice in found.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del found["anyOf"]
        return {**choices[0], **found}
    return {**found, "anyOf": choices} if choices else found
