"""A key of a YAML file with its value and comments, in the forms in which it can be put into another file."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, SequenceNode

from gateway.config.positions import Place

_NEVER_FOLDED: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class Fragment:
    """`lead` are the comments above, `body` the key and its value as lines without indentation; `value` is the value on
    one line, for places between braces; `written` is the value as it stands there, where that is one line without comments.
    """

    key: str
    lead: str
    body: str
    value: str
    written: str | None


def fragment(lead: str, body: str, *, without: Collection[Place] = ()) -> Fragment:
    """What these lines hold, a mapping with one key, but for the places in it that are to be left out."""
    if without:
        root = _yaml().compose(body)
        _drop(root, without, ())
        body = _written(root)
    root = _yaml().compose(body)
    key: str = root.value[0][0].value
    written = body.rstrip("\n")[root.value[0][0].end_mark.index :].partition(":")[2]
    _on_one_line(root)
    line = _written(root).strip()
    value = line[1:-1].partition(":")[2].strip()
    alone = written.strip() and "\n" not in written and "#" not in written
    return Fragment(key, lead, body, value, written.strip() if alone else None)


def _drop(node: Any, without: Collection[Place], place: Place) -> None:
    if not isinstance(node, MappingNode):
        return
    node.value = [pair for pair in node.value if (*place, pair[0].value) not in without]
    for key, value in node.value:
        _drop(value, without, (*place, key.value))


def _on_one_line(node: Any) -> None:
    node.comment = None
    if isinstance(node, MappingNode | SequenceNode):
        node.flow_style = True
        for each in node.value:
            for child in each if isinstance(each, tuple) else (each,):
                _on_one_line(child)
    elif node.style in ("|", ">"):
        node.style = '"'


def _yaml() -> Any:
    found = YAML()
    found.width = _NEVER_FOLDED
    found.indent(mapping=2, sequence=4, offset=2)
    return found


def _written(node: Any) -> str:
    out = io.StringIO()
    _yaml().serialize(node, out)
    return out.getvalue()
