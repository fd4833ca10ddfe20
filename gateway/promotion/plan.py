"""Works out a promotion: what differs, what of it goes over, and the files as they would be. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from gateway.config.positions import Place
from gateway.files.real_path import real_path
from gateway.promotion.difference import Comparison, Part, PromotedChange, Stay
from gateway.promotion.lists import joined_items, suite_items
from gateway.promotion.own import own_names
from gateway.promotion.rules import RuleFiles, own_rules, rule_changes
from gateway.promotion.side import PromotionSide
from gateway.promotion.text import YamlText

PARTS: Final[tuple[Part, ...]] = ("rules", "rights", "identity", "tests", "settings")
# The keys at the top of a file that are compared key by key, by part.
_SECTIONS: Final[tuple[tuple[Part, tuple[str, ...]], ...]] = (
    ("rights", ("rights", "catalogue")),
    ("identity", ("identity",)),
    ("tests", ("people",)),
    ("settings", ("languages", "plugins", "pages")),
)
_SUITES: Final = ("tests", "never")


@dataclass(frozen=True, slots=True)
class Move:
    """One key that goes from a place of the source to a place of the target; without `origin` the target loses it."""

    target: Place
    origin: Place | None
    without: tuple[Place, ...] = ()


@dataclass(frozen=True)
class PromotionPlan:
    """What goes over, what stays, and what prevents it. `files` are the new contents; None for one that goes.

    `own` are the rules of the target alone as they become, by where they stand.
    """

    source: PromotionSide
    target: PromotionSide
    parts: Sequence[Part]
    own_rules: Collection[str] = ()
    changes: list[PromotedChange] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    files: dict[Path, bytes | None] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    own: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        source: PromotionSide,
        target: PromotionSide,
        parts: Sequence[Part],
        own_rules: Collection[str] = (),
    ) -> PromotionPlan:
        """The plan to carry these parts over, and the rules of the source alone that are named."""
        plan = cls(source, target, parts, own_rules)
        try:
            text = plan._sections(target.main.text) if not plan.one_file else target.main.text
            text = plan._environment(text)
            text = plan._own_rules(text)
        except ValueError as problem:
            plan.conflicts.append(f"{target.path}: {problem}")
            return plan
        if text.text != target.main.text.text:
            plan.files[target.path] = target.main.with_text(text.text)
        return plan

    @cached_property
    def one_file(self) -> bool:
        """Whether both environments are in the same file, and so share all but their own settings."""
        return real_path(self.source.path) == real_path(self.target.path)

    @cached_property
    def names(self) -> frozenset[str]:
        """By which the source is known, and the target is not."""
        return own_names(self.source.settings) - own_names(self.target.settings)

    def kept(self, name: str) -> bool:
        """Whether operators want this to differ."""
        return self.source.kept(name) or self.target.kept(name)

    def _sections(self, text: YamlText) -> YamlText:
        for part, keys in _SECTIONS:
            if part in self.parts:
                old, new = (
                    {key: side.main.data[key] for key in keys if key in side.main.data}
                    for side in (self.target, self.source)
                )
                found = Comparison(part, self.kept, self.names).found(old, new)
                text = self._applied(text, list(found), (), ())
        if "tests" in self.parts:
            for key in _SUITES:
                text = self._suite(text, key)
        if "rules" in self.parts:
            changes, conflicts = rule_changes(self.source, self.target, self.names, self.kept)
            self.changes.extend(changes)
            self.conflicts.extend(conflicts)
            files = RuleFiles(self.source, self.target, self.kept)
            text = files.main(text)
            self.files.update(files.included())
        return text

    def _environment(self, text: YamlText) -> YamlText:
        if "settings" not in self.parts:
            return text
        comparison = Comparison("settings", self.kept, self.names, settings=True)
        found = list(comparison.found(self.target.environment, self.source.environment))
        return self._applied(
            text, found, ("environments", self.source.name), ("environments", self.target.name)
        )

    def _applied(
        self, text: YamlText, found: Sequence[PromotedChange | Stay], here: Place, there: Place
    ) -> YamlText:
        source = self.source.main.text
        for each in found:
            if isinstance(each, Stay):
                self.stays.append(each)
                continue
            self.changes.append(each)
            place = (*there, *each.place)
            if each.how == "-":
                self.moves.append(Move(place, None))
                text = text.drop(place)
            else:
                origin = (*here, *each.place)
                self.moves.append(Move(place, origin, each.without))
                keys = source.keys(origin[:-1])
                before = keys[: keys.index(str(origin[-1]))]
                text = text.put(place, source.fragment(origin, without=each.without), after=before)
        return text

    def _suite(self, text: YamlText, key: str) -> YamlText:
        old = suite_items(self.target.main.text, self.target.main.data, (key,))
        new = suite_items(self.source.main.text, self.source.main.data, (key,))
        either = (self.source.name, self.target.name)
        items = joined_items(old, new, held=lambda item: any(_of_others(item.data, name) for name in either))
        before, after = ({item.key for item in items} for items in (old, new))
        for how, listed, others in (("+", new, before), ("-", old, after)):
            for item in listed:
                name = f"{key}: {item.data.get('name') or item.data.get('request')}"
                if item.key in others:
                    continue
                if _of_others(item.data, self.target.name if how == "+" else self.source.name):
                    self.stays.append(Stay("tests", name, "it is about other environments (`env`)"))
                else:
                    self.changes.append(PromotedChange("tests", "+" if how == "+" else "-", name))
        if [item.key for item in old] == [item.key for item in new]:
            return text
        return text.set_blocks((key,), [item.block for item in items])

    def _own_rules(self, text: YamlText) -> YamlText:
        if "rules" not in self.parts:
            return text
        found = own_rules(self.source, self.target, self.own_rules, self.names, text)
        self.changes.extend(found.changes)
        self.stays.extend(found.stays)
        self.conflicts.extend(found.conflicts)
        self.own.update(found.data)
        return found.text


def _of_others(data: Any, name: str) -> bool:
    """Whether a test is about other environments than this one."""
    env = data.get("env") if isinstance(data, dict) else None
    return isinstance(env, list) and name not in env


def plan_text(plan: PromotionPlan) -> Iterator[str]:
    """The plan for people to read, part by part."""
    for part in PARTS:
        changes = [each for each in plan.changes if each.part == part]
        stays = [each for each in plan.stays if each.part == part]
        if not changes and not stays:
            continue
        yield f"{part}:"
        for change in changes:
            yield f"  {change.how} {change.name}{f': {change.words}' if change.words else ''}"
        for why in dict.fromkeys(each.why for each in stays):
            names = ", ".join(each.name for each in stays if each.why == why)
            yield f"  = stays: {names} ({why})"
