"""Values in the grammar of each engine: quoted, or refused where no quoting can hold them.

Nothing else reaches a configuration: what a template prints is a plain word, or was quoted here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.render.errors import NotRendered

_WORD: Final = re.compile(r"[A-Za-z0-9_.:/@\[\]-]*")


class Quoted(str):
    """Text that an engine reads as one value."""

    __slots__ = ()


def plain(value: Any) -> str:
    """What a template prints without quoting: a number, or a word with no sign that any engine reads. Raises NotRendered."""
    if isinstance(value, Quoted):
        return value
    text = str(value)
    if not _WORD.fullmatch(text):
        raise NotRendered(f"{text!r} has signs that can't be written there")
    return text


def _visible(text: str, engine: str, refused: str) -> str:
    if not text.isprintable():
        raise NotRendered(f"{text!r} has control characters, which {engine} can't have in a value")
    for sign in refused:
        if sign in text:
            raise NotRendered(
                f"{text!r} has a {sign}, which {engine} would read as its own: use another name"
            )
    return text


def nginx(value: Any) -> Quoted:
    """In double quotes; `$` begins a variable there, and nothing escapes it."""
    return Quoted(f'"{_escaped(_visible(str(value), "nginx", "$"))}"')


def nginx_pattern(value: Any) -> Quoted:
    """A regular expression for the key of a map, where `$` is the end of the text."""
    return Quoted(f'"{_escaped(_visible(str(value), "nginx", ""))}"')


def caddy(value: Any) -> Quoted:
    """In double quotes; braces are placeholders there."""
    return Quoted(f'"{_escaped(_visible(str(value), "Caddy", "{}"))}"')


def caddy_pattern(value: Any) -> Quoted:
    """A regular expression; between backquotes nothing has a meaning but they themselves."""
    return Quoted(f"`{_visible(str(value), 'Caddy', '`')}`")


def haproxy(value: Any) -> Quoted:
    """In single quotes, which nothing escapes; `%` begins an expression in some places."""
    text = _visible(str(value), "HAProxy", "'%")
    return Quoted(f"'{text}'")


def lua(value: Any) -> Quoted:
    """A string of Lua."""
    return Quoted(f'"{_escaped(_visible(str(value), "Lua", ""))}"')


def yaml(value: Any) -> Quoted:
    """A string of JSON, which is one of YAML too; `%` and `{{` begin expressions of Envoy and Traefik."""
    text = _visible(str(value), "YAML", "%")
    if "{{" in text:
        raise NotRendered(f"{text!r} has a {{{{, which Traefik would read as its own: use another name")
    return Quoted(json.dumps(text, ensure_ascii=False))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


QUOTES: Final[Mapping[str, Callable[[Any], Quoted]]] = {
    "nginx": nginx,
    "nginx_pattern": nginx_pattern,
    "caddy": caddy,
    "caddy_pattern": caddy_pattern,
    "haproxy": haproxy,
    "lua": lua,
    "yaml": yaml,
}
