"""Tries the files of a promotion in a copy, before anything is written: they load, say what was meant, and hold their tests."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gateway.config import ConfigError, failures
from gateway.config.lint import found_in
from gateway.config.load import Source, read_source
from gateway.config.positions import Place
from gateway.files.real_path import real_path
from gateway.promotion.plan import PromotionPlan
from gateway.promotion.side import PromotionSide, Written


class PromotionTrial:
    """The outcome: `source` is the target as it would be, None where it does not load; `problems` prevent it."""

    def __init__(self, plan: PromotionPlan) -> None:
        self._plan = plan
        self.problems: list[str] = []
        self.source: Source | None = None
        self._data: Any = None
        with tempfile.TemporaryDirectory(prefix="gateway-promote-") as folder:
            self._try(Path(folder))

    def warnings(self) -> list[str]:
        """The warnings that the target does not have yet."""
        if self.source is None:
            return []
        before = {(each.code, each.message) for each in found_in(self._plan.target.source)}
        return [
            f"{each.message} [{each.code}]"
            for each in found_in(self.source)
            if (each.code, each.message) not in before
        ]

    def _try(self, folder: Path) -> None:
        plan, target = self._plan, self._plan.target
        main = folder / real_path(target.path).name
        for path, content in promoted_contents(plan).items():
            place = folder / path.relative_to(target.folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        try:
            source = read_source(main, folder=target.folder)
            self._data = Written.read(main).data
            self.problems += _misunderstood(plan, source, self._data)
            broken = [each for name in source.config.environments for each in failures(source.config, name)]
        except ConfigError as problem:
            broken = list(problem.problems)
        else:
            self.source = source
        self.problems += [str(each).replace(str(folder), str(target.path.parent)) for each in broken]


def promoted_contents(plan: PromotionPlan) -> Mapping[Path, bytes]:
    """All files of the target as they would be."""
    target = plan.target
    before = {real_path(target.path): target.main.octets}
    before |= {written.path: written.octets for written in target.included.values()}
    after = {real_path(path): content for path, content in plan.files.items()}
    return {path: content for path, content in {**before, **after}.items() if content is not None}


def _misunderstood(plan: PromotionPlan, source: Source, data: Any) -> Iterator[str]:
    """Where the files would say something else than what was meant: the text of a file can be stranger than it looks."""
    wanted = _wanted(plan)
    for key in dict.fromkeys((*wanted, *data)):
        if key not in ("rules", "tests", "never") and wanted.get(key) != data.get(key):
            yield f"`{key}` cannot be carried over as it is written; change {plan.target.path} by hand"
    if plan.one_file:
        return
    if "rules" in plan.parts and _rules(plan, source.data["rules"]) != _rules(plan, plan.source.rules):
        yield f"`rules` cannot be carried over as they are written; change {plan.target.path} by hand"
    for key in ("tests", "never"):
        if "tests" in plan.parts and not _suite(plan.source, key, plan.target.name) <= _texts(data.get(key)):
            yield f"`{key}` cannot be carried over as they are written; change {plan.target.path} by hand"


def _wanted(plan: PromotionPlan) -> dict[str, Any]:
    """The data of the target's file as it was meant to become, except lists of rules and tests."""
    data: dict[str, Any] = copy.deepcopy(plan.target.main.data)
    for move in plan.moves:
        if move.origin is None:
            _drop(data, move.target)
            continue
        value = copy.deepcopy(_at(plan.source.main.data, move.origin))
        for place in move.without:
            _drop(value, place[1:])
        _at(data, move.target[:-1])[move.target[-1]] = value
    for where in ("before", "after"):
        own = plan.own.get(where)
        if own is not None:
            rules = data["environments"][plan.target.name].setdefault("rules", {})
            rules[where] = own
    return data


def _at(data: Any, place: Place) -> Any:
    for step in place:
        data = data[step]
    return data


def _drop(data: Any, place: Place) -> None:
    parent = _at(data, place[:-1])
    del parent[place[-1]]
    if not parent and len(place) > 1:
        _drop(data, place[:-1])


def _rules(plan: PromotionPlan, rules: list[Any]) -> list[Any]:
    return [rule for rule in rules if not plan.kept(f"rules.{rule['id']}")]


def _suite(side: PromotionSide, key: str, name: str) -> set[str]:
    nodes = side.main.data.get(key) or []
    return _texts([each for each in nodes if name in each.get("env", [name])])


def _texts(nodes: Any) -> set[str]:
    return {json.dumps(each, sort_keys=True) for each in nodes or []}
