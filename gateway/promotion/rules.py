"""What differs between the rules of two environments, and the files with rules as they become."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from gateway.promotion.difference import PromotedChange, Stay
from gateway.promotion.lists import Item, joined_items, rule_items
from gateway.promotion.own import foreign_name
from gateway.promotion.side import PromotionSide, Written
from gateway.promotion.text import TextBlock, YamlText

Kept = Callable[[str], bool]
_WHERE: Final = ("before", "after")


def rule_changes(
    source: PromotionSide, target: PromotionSide, names: frozenset[str], kept: Kept
) -> tuple[list[PromotedChange], list[str]]:
    """(changes, conflicts) of the rules that all environments of each file share, included ones among them."""
    old, new = (
        {rule["id"]: rule for rule in side.rules if not kept(_name(rule))} for side in (target, source)
    )
    changes = [
        PromotedChange("rules", "~" if rule_id in old else "+", f"rules.{rule_id}")
        for rule_id, rule in new.items()
        if old.get(rule_id) != rule
    ]
    changes += [PromotedChange("rules", "-", f"rules.{rule_id}") for rule_id in old if rule_id not in new]
    both = [[each for each in rules if each in old and each in new] for rules in (old, new)]
    if both[0] != both[1]:
        changes.append(PromotedChange("rules", "~", "their order"))
    return changes, [
        words
        for rule_id, rule in new.items()
        if old.get(rule_id) != rule and (words := _conflict(rule, source, target, names))
    ]


def _name(rule: Any) -> str:
    return f"rules.{rule['id']}"


def _conflict(rule: Any, source: PromotionSide, target: PromotionSide, names: frozenset[str]) -> str | None:
    why = foreign_name(rule, names)
    if why is None:
        return None
    return (
        f"the rule {rule['id']!r} cannot go from {source.name} to {target.name}: {why}. Write it in {target.name} by hand,"
        f" and `not_promoted: [rules.{rule['id']}]` in either environment"
    )


class RuleFiles:
    """The lists of shared rules in the files of the target as they become; what says the same keeps its text."""

    def __init__(self, source: PromotionSide, target: PromotionSide, kept: Kept) -> None:
        self._source = source
        self._target = target
        self._kept = kept

    def main(self, text: YamlText) -> YamlText:
        """The configuration file, from this text of it."""
        old = rule_items(text, self._target.main.data)
        new = rule_items(self._source.main.text, self._source.main.data)
        if [(item.key, item.data) for item in old] == [(item.key, item.data) for item in new]:
            return text
        return text.set_blocks(("rules",), self._joined(old, new))

    def included(self) -> Iterator[tuple[Path, bytes | None]]:
        """The included files that change; None for one that goes."""
        source, target = self._source, self._target
        if source.folder == target.folder:
            return
        for name, written in source.included.items():
            place = target.folder / name
            known = target.included.get(name)
            if known is None and place.exists():
                raise ValueError(
                    f"{place} is in the way: {source.name} includes a file of this name, {target.name} not"
                )
            octets = self._octets(written, known)
            if octets != (known.octets if known is not None else None):
                yield place, octets
        for name, written in target.included.items():
            if name not in source.included and (octets := self._octets(None, written)) != written.octets:
                yield written.path, octets

    def _octets(self, source: Written | None, target: Written | None) -> bytes | None:
        old, new = (rule_items(each.text, each.data) if each is not None else [] for each in (target, source))
        same = [(item.key, item.data) for item in old] == [(item.key, item.data) for item in new]
        if target is not None and same:
            return target.octets
        if source is not None and target is None and not any(map(self._held, new)):
            return source.octets
        blocks = self._joined(old, new)
        frame = target or source
        if not blocks or frame is None:
            return None
        return frame.with_text(frame.text.set_blocks(("rules",), blocks).text)

    def _joined(self, old: Sequence[Item], new: Sequence[Item]) -> list[TextBlock]:
        return [item.block for item in joined_items(old, new, held=self._held)]

    def _held(self, item: Item) -> bool:
        return isinstance(item.data, dict) and "id" in item.data and self._kept(_name(item.data))


@dataclass
class OwnRules:
    """What becomes of the rules of one environment alone; `data` are the lists that change, by where they stand."""

    text: YamlText
    changes: list[PromotedChange] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    data: dict[str, list[Any]] = field(default_factory=dict)


def own_rules(
    source: PromotionSide,
    target: PromotionSide,
    wanted: Collection[str],
    names: frozenset[str],
    text: YamlText,
) -> OwnRules:
    """Rules of the source alone go over only where they are `wanted`, by id or with `all`: most differ on purpose."""
    found = OwnRules(text)
    every: set[str] = set()
    for where in _WHERE:
        here, there = (("environments", side.name, "rules", where) for side in (source, target))
        new = rule_items(source.main.text, source.main.data, here)
        old = rule_items(target.main.text, target.main.data, there)
        every |= {_named(item) for item in new}
        known = {item.key: item.data for item in old}
        differing = [item for item in new if known.get(item.key) != item.data]
        going = {item.key for item in differing if _named(item) in wanted or "all" in wanted}
        for item in differing:
            name = f"rules.{_named(item)}"
            if item.key not in going:
                why = f"it is a rule of {source.name} alone (--rule {_named(item)} carries it over)"
                found.stays.append(Stay("rules", name, why))
                continue
            how: Literal["~", "+"] = "~" if item.key in known else "+"
            found.changes.append(PromotedChange("rules", how, name, f"{where} the shared rules"))
            if words := _conflict({"id": name, **item.data}, source, target, names):
                found.conflicts.append(words)
        theirs = {item.key for item in old} - {item.key for item in new}
        why = f"it is a rule of {target.name} alone"
        found.stays += [Stay("rules", f"rules.{_named(item)}", why) for item in old if item.key in theirs]
        if going:
            items = joined_items(old, new, held=_other_than(going))
            found.text = found.text.set_blocks(there, [item.block for item in items])
            found.data[where] = [item.data for item in items]
    unknown = sorted({*wanted} - every - {"all"})
    found.conflicts += [f"{source.name} has no rule {name!r} of its own" for name in unknown]
    return found


def _other_than(keys: Collection[Hashable]) -> Callable[[Item], bool]:
    return lambda item: item.key not in keys


def _named(item: Item) -> str:
    return str(item.data.get("id", item.data.get("include"))) if isinstance(item.data, dict) else "?"
