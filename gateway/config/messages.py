"""Messages for operators about the faults that pydantic finds, and their places in the file."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from gateway.config.positions import Place, Positions
from gateway.config.problems import Problem, unknown
from gateway.plugin import UnknownName

EMPTY: Final = "this may not be empty"
# More than these are too many to read through.
_MANY: Final = 12


def message_for(error: Mapping[str, Any], root: type[BaseModel] | None = None) -> str:
    """The message for one pydantic error; its location starts at the model `root`."""
    kind: str = error["type"]
    given = error.get("input")
    context = error.get("ctx", {})
    name = error["loc"][-1] if error["loc"] else ""
    match kind:
        case "extra_forbidden":
            return unknown("key", name, _keys(root, error["loc"][:-1]))
        case "missing":
            return f"the key {name!r} is missing here"
        case "value_error":
            cause = context.get("error")
            if isinstance(cause, UnknownName):
                return unknown(cause.what, cause.name, cause.known)
            return str(cause)
        case "string_type" if isinstance(given, (int, float)) and not isinstance(given, bool):
            return f"{given} is read as a number: put it between quotes, '{given}'"
        case "string_type":
            return f"a text is expected here, not {_kind(given)}"
        case "literal_error" if given in str(context.get("expected")).replace(" or ", ", ").split(", "):
            return f"{given!r} is a text: write {given} without quotes"
        case "literal_error" | "enum":
            return _unexpected(given, str(context.get("expected")))
        case "union_tag_invalid":
            return f"{context.get('tag')!r} is not one of: {context.get('expected_tags')}"
        case "union_tag_not_found":
            return f"the key {str(context.get('discriminator', '')).strip(chr(39))!r} is missing here"
        case "string_pattern_mismatch":
            return f"{given!r} does not have the right form ({context.get('pattern')})"
        case "tuple_type" | "list_type":
            return (
                f"a list is expected here, between [ ] or one line each behind a hyphen, not {_kind(given)}"
            )
        case "model_type" | "dict_type" | "mapping_type" | "model_attributes_type":
            return f"a block of keys is expected here, not {_kind(given)}"
        case "too_short":
            return EMPTY
        case "bool_type" | "bool_parsing":
            return f"write true or false, not {given!r}"
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than":
            return _out_of_range(kind, given, context)
        case "int_type" | "int_parsing" | "int_from_float":
            return f"a whole number is expected here, not {given!r}"
    message: str = error["msg"]
    return message[:1].lower() + message[1:]


def _unexpected(given: object, listed: str) -> str:
    """That it is not listed. Of very many only the nearest is named, where one is near."""
    known = re.findall(r"'([^']*)'", listed)
    near = get_close_matches(str(given), known, n=1) if len(known) > _MANY else []
    return (
        f"{given!r} is unknown; did you mean {near[0]!r}?" if near else f"{given!r} is not one of: {listed}"
    )


def _out_of_range(kind: str, given: Any, context: Mapping[str, Any]) -> str:
    words, key = {
        "greater_than_equal": ("too little: write at least", "ge"),
        "greater_than": ("too little: write more than", "gt"),
        "less_than_equal": ("too much: write at most", "le"),
        "less_than": ("too much: write less than", "lt"),
    }[kind]
    # A duration is written with its unit.
    unit = "s" if isinstance(given, str) else ""
    return f"{given} is {words} {context.get(key):g}{unit}"


def problems_of(
    fault: ValidationError, root: type[BaseModel], positions: Positions, place: Place = ()
) -> Iterator[Problem]:
    """What is wrong with the data at `place`, which is validated as `root`."""
    for error in fault.errors():
        if error["type"] == "too_short" and error["input"]:
            continue  # its items have faults, which are reported themselves
        at = place_of((*place, *error["loc"]), positions)
        at_key = error["type"] == "extra_forbidden"
        yield positions.problem(at, message_for(error, root), at_key=at_key)


def place_of(loc: tuple[str | int, ...], positions: Positions) -> Place:
    """The place in the file of a pydantic location, without the union tags that pydantic inserts."""
    place: Place = ()
    for step in loc:
        if positions.known((*place, step)):
            place = (*place, step)
    return place


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a block of keys"
    if isinstance(value, list):
        return "a list"
    return repr(value)


def _keys(root: type[BaseModel] | None, place: Place) -> tuple[str, ...]:
    """The keys that are known at this place of a model."""
    annotation: Any = root
    for step in place:
        annotation = _below(annotation, step)
    models = _models(annotation)
    if len(models) > 1 and place and isinstance(place[-1], str):
        # A union: the last step is the tag that selects the member.
        models = [model for model in models if place[-1] in _tags(model)] or models
    return tuple(dict.fromkeys(key for model in models for key in _fields(model)))


def _below(annotation: Any, step: str | int) -> Any:
    models = _models(annotation)
    for model in models:
        if isinstance(step, str) and step in (fields := _fields(model)):
            return fields[step].annotation
    if models:
        return annotation  # a union tag: the same place
    arguments = [each for each in typing.get_args(_bare(annotation)) if each is not Ellipsis]
    return arguments[-1] if arguments else None


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields by their name in the file."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _bare(annotation: Any) -> Any:
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    return annotation


def _models(annotation: Any) -> list[type[BaseModel]]:
    annotation = _bare(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [model for each in typing.get_args(annotation) for model in _models(each)]
    return []


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    return tuple(tag for info in model.model_fields.values() for tag in typing.get_args(info.annotation))
