"""Types of option fields that refer to the rest of the configuration: a named right, a variable of the path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from gateway.plugin.load_context import NamedRight, UnknownName, load_context


def _named_right(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, NamedRight):
        return value
    known = load_context(info).rights
    if not isinstance(value, str) or value not in known:
        raise UnknownName("right", value, tuple(known))
    return known[value]


# A field that names an entry of `rights:`; its value is that entry.
RightRef = Annotated[NamedRight, BeforeValidator(_named_right), WithJsonSchema({"type": "string"})]


@dataclass(frozen=True, slots=True)
class Template:
    """A text with {variables} of the rule's path pattern in it; `text` is the text as written.

    `parts` are pairs of a literal text and the name of the variable after it, None at the end.
    """

    text: str
    parts: tuple[tuple[str, str | None], ...]

    def render(self, variables: Mapping[str, str]) -> str:
        """The text with each variable's value filled in. Raises KeyError for a variable without a value."""
        return "".join(text + (variables[name] if name is not None else "") for text, name in self.parts)


def _template(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Template):
        return value
    if not isinstance(value, str):
        raise ValueError("write a text between quotes")
    known = load_context(info).variables
    parts: list[tuple[str, str | None]] = []
    rest = value
    while rest:
        text, opened, after = rest.partition("{")
        if not opened:
            parts.append((text, None))
            break
        name, closed, rest = after.partition("}")
        if not closed:
            raise ValueError(f"{value!r} opens a {{ that it does not close")
        if name not in known:
            raise UnknownName("path variable", name, known)
        parts.append((text, name))
    return Template(value, tuple(parts))


# A field whose text may contain {variables} of the path; they are checked against the pattern at load.
TemplateRef = Annotated[Template, BeforeValidator(_template), WithJsonSchema({"type": "string"})]
