"""The reference of config.yaml as a page of Markdown: every key, made of its JSON Schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_UNITS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "m"), (1.0, "s"))
_FORMS: Final = {
    r"^\d+(\.\d+)?(ms|s|m|h|d)$": "duration",
    "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$": "`env:NAME` or `file:PATH`",
}
_WORDS: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
}
_HEAD: Final = """# config.yaml: every key

Made by `gateway config reference` of the schema that editors use ([config.schema.json](config.schema.json)); a test holds
the two together. `gateway init` writes a first file. What rules mean is in [Rules](../rules.md), what policies do in
[Policies](policies/README.md).

A duration is a number with its unit: `500ms`, `30s`, `10m`, `8h`, `7d`. Secrets are never written here, but named as `env:NAME`
or `file:PATH`; paths begin at the folder of the file. NAME stands for a name that you choose.
"""


def reference(schema: Mapping[str, Any]) -> str:
    """The page for this schema (`gateway.config.schema.json_schema`)."""
    return "\n".join((_HEAD, *_Page(schema).lines())) + "\n"


class _Page:
    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._defs: Mapping[str, Any] = schema["$defs"]
        self._headings: dict[str, str] = {}
        self._waiting: list[tuple[str, Mapping[str, Any]]] = []

    def lines(self) -> Iterator[str]:
        """Section by section: the keys at the top, then each block of keys where it first stands."""
        yield from self._section("The top of the file", "", self._schema)
        while self._waiting:
            path, block = self._waiting.pop(0)
            yield from self._section(path, path, block)
        yield "## Policies and their options\n"
        yield "In `require:` of a rule, as `NAME`, or as `NAME: {OPTION: VALUE}`."
        named = self._defs["policy"]["anyOf"][1]["properties"]
        for name, policy in named.items():
            options = policy["anyOf"][0] if "anyOf" in policy else policy
            yield f"\n### {name}\n\n{_text(options.get('description', ''))}"
            if "anyOf" in policy:
                inline = next(
                    key for key, value in options["properties"].items() if value == policy["anyOf"][1]
                )
                yield f"\n`{name}: VALUE` is `{name}: {{{inline}: VALUE}}`."
            yield from self._keys(name, "", options, level=4)

    def _section(self, title: str, path: str, block: Mapping[str, Any]) -> Iterator[str]:
        yield f"## {title}\n\n{_text(block.get('description', ''))}"
        yield from self._keys(path.partition(" (")[0], title.partition(" (")[2], block, level=3)
        yield ""

    def _keys(self, path: str, variant: str, block: Mapping[str, Any], *, level: int) -> Iterator[str]:
        """A heading for each key; those with a section of their own come first, as links to it."""
        suffix = f" ({variant}" if variant else ""
        sections: list[str] = []
        entries: list[str] = []
        for key, value in block.get("properties", {}).items():
            place = f"{path}.{key}" if path else key
            form = self._form(place, value)
            default = f", default {shown}" if (shown := _default(value)) else ""
            required = "**required**, " if key in block.get("required", ()) else ""
            words = f"{required}{form}{default}. {_text(value.get('description', ''))}".rstrip()
            if f"[{place}](#{_anchor(place)})" in form:
                sections.append(f"- `{key}`: {words}")
            else:
                entries.append(f"{'#' * level} {place}{suffix}\n\n{words}")
        for each in (sections and ["\n".join(sections)]) + entries:
            yield f"\n{each}"

    def _form(self, path: str, value: Mapping[str, Any]) -> str:
        if "$ref" in value:
            return self._reference(path, value["$ref"].rpartition("/")[2])
        if "const" in value:
            return f"`{json.dumps(value['const'])}`"
        if "enum" in value:
            return ", ".join(f"`{each}`" for each in value["enum"])
        choices = value.get("anyOf") or value.get("oneOf")
        if choices:
            return " or ".join(dict.fromkeys(self._form(path, each) for each in choices))
        match value.get("type"):
            case "array":
                items = value.get("items") or value.get("prefixItems", [{}])[0]
                return f"list of: {self._form(path, items)}"
            case "object":
                return self._block(path, value)
            case "string" if value.get("pattern") in _FORMS:
                return _FORMS[value["pattern"]]
            case "string" if value.get("format") == "path":
                return "path"
            case kind:
                return f"{_WORDS.get(str(kind), 'any')}{_bounds(value)}"

    def _block(self, path: str, value: Mapping[str, Any]) -> str:
        below = next(iter(value.get("patternProperties", {}).values()), value.get("additionalProperties"))
        if isinstance(below, dict):
            return f"by NAME: {self._form(f'{path}.NAME', below)}"
        return "block of keys"

    def _reference(self, path: str, name: str) -> str:
        if name == "policy" or name.endswith(".Policy"):
            return "[policy](#policies-and-their-options)"
        if "properties" not in self._defs[name]:
            return self._form(path, self._defs[name])
        if name not in self._headings:
            method = self._defs[name]["properties"].get("method", {}).get("const")
            variant = method or (name if path in self._headings.values() else "")
            title = f"{path} ({variant})" if variant else path
            self._headings[name] = title
            self._waiting.append((title, self._defs[name]))
        heading = self._headings[name]
        return f"[{heading}](#{_anchor(heading)})"


def _anchor(heading: str) -> str:
    """The anchor that GitHub makes of a heading."""
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")


def _bounds(value: Mapping[str, Any]) -> str:
    low = value.get("minimum", value.get("exclusiveMinimum"))
    high = value.get("maximum", value.get("exclusiveMaximum"))
    if low is not None and high is not None:
        return f", {low:,} to {high:,}"
    if low is not None:
        return f", {low:,} or more"
    return f", {high:,} at most" if high is not None else ""


def _default(value: Mapping[str, Any]) -> str:
    default = value.get("default")
    if default in (None, [], {}, "") or (isinstance(default, dict) and "$ref" in value):
        return ""
    if value.get("pattern") in _FORMS and isinstance(default, int | float):
        return f"`{_duration(float(default))}`"
    return f"`{json.dumps(default, ensure_ascii=False)}`" if not isinstance(default, str) else f"`{default}`"


def _duration(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds * 1000:g}ms" if seconds else "0s"


def _text(words: str) -> str:
    """One paragraph."""
    return " ".join(words.split())
