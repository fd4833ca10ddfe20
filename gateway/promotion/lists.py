"""Joins two lists of a configuration, such as those of rules: the order of one, what the other keeps, the text of both."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.promotion.text import TextBlock, YamlText


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: by what it is recognised, what it says, and how it is written."""

    key: Hashable
    data: Any
    block: TextBlock


def rule_items(text: YamlText, data: Any, place: Sequence[str] = ("rules",)) -> list[Item]:
    """The rules and includes at this place of a file."""
    return _items(text, data, place, _rule_key)


def suite_items(text: YamlText, data: Any, place: Sequence[str]) -> list[Item]:
    """The tests or invariants at this place of a file: one that says something else is another one."""
    return _items(text, data, place, lambda node: json.dumps(node, sort_keys=True, default=str))


def _items(text: YamlText, data: Any, place: Sequence[str], key: Callable[[Any], Hashable]) -> list[Item]:
    for step in place:
        data = data.get(step) if isinstance(data, dict) else None
    nodes = data if isinstance(data, list) else []
    pairs = zip(nodes, text.blocks(tuple(place)), strict=True)
    return [Item(key(node), node, block) for node, block in pairs]


def _rule_key(node: Any) -> Hashable:
    if isinstance(node, dict) and "include" in node:
        return "include", str(node["include"])
    return "rule", str(node.get("id")) if isinstance(node, dict) else json.dumps(node, default=str)


def joined_items(
    target: Sequence[Item], source: Sequence[Item], *, held: Callable[[Item], bool]
) -> list[Item]:
    """The list of the source, without what is `held` there, and with what is `held` in the target, behind what it follows.

    What says the same in both keeps the text of the target.
    """
    header = target[0].block.lead if target else ""
    there = {item.key: item for item in _without_header(target, header)}
    stays = {key for key, item in there.items() if held(item)}
    found: list[Item] = []
    for item in _without_header(source, header):
        same = there.get(item.key)
        if item.key in stays or held(item):
            continue
        if same is not None and same.data == item.data:
            found.append(same)
        elif same is not None and not item.block.lead:
            found.append(replace(item, block=TextBlock(same.block.lead, item.block.body)))
        else:
            found.append(item)
    for key in [key for key in there if key in stays]:
        found.insert(_behind(found, [*there], key), there[key])
    if found:
        first = found[0].block
        found[0] = replace(found[0], block=TextBlock(header + first.lead, first.body))
    return found


def _behind(found: Sequence[Item], order: Sequence[Hashable], key: Hashable) -> int:
    """Where an entry belongs: behind the nearest of those before it in its own list that is in the other."""
    places = {item.key: number for number, item in enumerate(found)}
    before = order[: order.index(key)]
    return next((places[each] + 1 for each in reversed(before) if each in places), 0)


def _without_header(items: Sequence[Item], header: str) -> Iterable[Item]:
    """The comments above the first entry are about the list, as far as both lists have them."""
    known = set(header.splitlines(keepends=True)) if header.strip() else set()
    for number, item in enumerate(items):
        if number or not known:
            yield item
            continue
        lead = "".join(line for line in item.block.lead.splitlines(keepends=True) if line not in known)
        yield Item(item.key, item.data, TextBlock(lead, item.block.body))
