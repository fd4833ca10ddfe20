"""The JSON Schema of config.yaml, the options of all policies included: what editors complete and check with.

It says what the settings models and the policies say; it decides nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.config.includes import read_file
from gateway.config.model import Document
from gateway.config.positions import read_yaml
from gateway.config.problems import ConfigError, Problem
from gateway.plugin.contract import Policy
from gateway.plugin.discovery import PluginError, load_policies

_POLICY = {"$ref": "#/$defs/policy"}
_INCLUDE = {
    "type": "object",
    "description": "The rules of other files, below the folder of this one, stand here.",
    "properties": {"include": {"type": "string", "description": "A file or a pattern: rules/*.yaml."}},
    "required": ["include"],
    "additionalProperties": False,
}


def policies_of(path: Path) -> Mapping[str, type[Policy]]:
    """The policies that a configuration names, whatever else is wrong with it. Raises ConfigError."""
    data, positions = read_yaml(read_file(path, str(path)), str(path))
    places = data.get("plugins") if isinstance(data, dict) else None
    if not isinstance(places, list) or not all(isinstance(place, str) for place in places):
        raise ConfigError(
            [positions.problem(("plugins",), "a list of places with policies is expected here")]
        )
    try:
        return load_policies(places, path.resolve().parent)
    except PluginError as problem:
        raise ConfigError([Problem(str(path), 1, 1, str(problem))]) from problem


def json_schema(policies: Mapping[str, type[Policy]]) -> dict[str, Any]:
    """The schema, in the form of draft 2020-12."""
    schema = Document.model_json_schema()
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
    """The options of a policy; what they are made of goes to the definitions under the policy's name."""
    found: dict[str, Any] = policy.model_json_schema(ref_template=f"#/$defs/{policy.policy_name}.{{model}}")
    for name, definition in found.pop("$defs", {}).items():
        defs[f"{policy.policy_name}.{name}"] = _POLICY if name == "Policy" else definition
    found["title"] = policy.policy_name
    found.setdefault("properties", {})
    return found


def _without_nothing(node: Any) -> Any:
    """The same without `null`: what is not set is left out of the file, never written as nothing."""
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
