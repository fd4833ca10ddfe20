"""A key of a YAML file with its value and comments, in the forms in which it can be put into another file."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, SequenceNode

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


def fragment(lead: str, body: str) -> Fragment:
    """What these lines hold, a mapping with one key. Raises ValueError where they mean nothing by themselves: an alias."""
    try:
        root = _yaml().compose(body)
    except YAMLError as problem:
        words = f"this cannot be taken out of its file, change it by hand: {body.splitlines()[0]}"
        raise ValueError(words) from problem
    key: str = root.value[0][0].value
    written = body.rstrip("\n")[root.value[0][0].end_mark.index :].partition(":")[2]
    _on_one_line(root)
    value = _written(root).strip()[1:-1].partition(":")[2].strip()
    if not written.strip() or "\n" in written or "#" in written:
        return Fragment(key, lead, body, value, None)
    written = written.strip()
    return Fragment(key, lead, body, written if written[0] in "[{'\"" else value, written)


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
