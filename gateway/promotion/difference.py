"""What differs between two mappings of a configuration, and what of it may be carried over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from gateway.config.positions import Place
from gateway.promotion.own import foreign_name, has_secret, is_own, needs_own

_ABSENT: Final = object()
_MOST_SHOWN: Final = 100
_NEEDS: Final = "it needs addresses or keys of its own: write it there yourself"

Part = Literal["rules", "rights", "identity", "tests", "settings"]


@dataclass(frozen=True, slots=True)
class PromotedChange:
    """One difference that is carried over; `name` is how operators call it. `without` are places in it that stay behind."""

    part: Part
    how: Literal["+", "~", "-"]
    name: str
    words: str = ""
    place: Place = ()
    without: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Stay:
    """One difference that is not carried over, and why."""

    part: Part
    name: str
    why: str


Found = PromotedChange | Stay


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares two mappings of a part. `kept` says which names operators want to differ; `names` are those of the
    environment that things come from. With `settings`, the mappings are those of an environment.
    """

    part: Part
    kept: Callable[[str], bool]
    names: frozenset[str]
    settings: bool = False

    def found(
        self, old: Mapping[str, Any], new: Mapping[str, Any], place: Place = (), prefix: str = ""
    ) -> Iterator[Found]:
        """What makes `old` into `new`."""
        for key in dict.fromkeys((*new, *old)):
            was, now, here = old.get(key, _ABSENT), new.get(key, _ABSENT), (*place, key)
            if was == now:
                continue
            name = f"{prefix}{'.'.join(map(str, here))}"
            if self._own(here):
                yield Stay(self.part, name, "each environment has its own")
            elif self.kept(name):
                yield Stay(self.part, name, "`not_promoted` names it")
            elif isinstance(was, dict) and isinstance(now, dict):
                yield from self.found(was, now, here, prefix)
            elif now is _ABSENT:
                yield from self._gone(was, here, name, prefix)
            else:
                yield from self._set(was, now, here, name, prefix)

    def _gone(self, was: Any, here: Place, name: str, prefix: str) -> Iterator[Found]:
        if self.settings and needs_own(here):
            yield Stay(self.part, name, "there is no such section where it would come from")
        elif isinstance(was, dict) and any(self._behind(was, here, prefix)):
            yield from self.found(was, {}, here, prefix)
        else:
            yield PromotedChange(self.part, "-", name, value_text(was), here)

    def _set(self, was: Any, now: Any, here: Place, name: str, prefix: str) -> Iterator[Found]:
        behind = dict(self._behind(now, here, prefix)) if isinstance(now, dict) else {}
        if behind and self.settings and needs_own(here):
            yield Stay(self.part, name, _NEEDS)
            return
        why = None if behind else self._foreign(now)
        if why is not None:
            yield Stay(self.part, name, why)
            return
        for place, reason in behind.items():
            yield Stay(self.part, f"{prefix}{'.'.join(map(str, place))}", reason)
        if behind and not _left(now, here, behind):
            return
        words = value_text(now) if was is _ABSENT else f"{value_text(was)} -> {value_text(now)}"
        without = tuple(place[len(here) - 1 :] for place in behind)
        yield PromotedChange(
            self.part, "+" if was is _ABSENT else "~", name, words if not behind else "", here, without
        )

    def _behind(self, value: Mapping[str, Any], place: Place, prefix: str) -> Iterator[tuple[Place, str]]:
        """The places in a new section that are not carried over, each with the reason."""
        for key, inner in value.items():
            here = (*place, key)
            if self._own(here):
                yield here, "each environment has its own"
            elif self.kept(f"{prefix}{'.'.join(map(str, here))}"):
                yield here, "`not_promoted` names it"
            elif isinstance(inner, dict):
                found = list(self._behind(inner, here, prefix))
                if found and self.settings and needs_own(here):
                    yield here, _NEEDS
                else:
                    yield from found
            elif (why := self._foreign(inner)) is not None:
                yield here, why

    def _own(self, place: Place) -> bool:
        return self.settings and is_own(place)

    def _foreign(self, value: Any) -> str | None:
        if self.settings and has_secret(value):
            return "it refers to a secret"
        return foreign_name(value, self.names)


def value_text(value: Any) -> str:
    """A value for people to read, on one line."""
    words = json.dumps(value, ensure_ascii=False)
    return words if len(words) <= _MOST_SHOWN else f"{words[:_MOST_SHOWN]}..."


def _left(value: Mapping[str, Any], place: Place, behind: Mapping[Place, str]) -> bool:
    """Whether anything is left of a section."""
    return any(
        _left(inner, (*place, key), behind) if isinstance(inner, dict) and inner else True
        for key, inner in value.items()
        if (*place, key) not in behind
    )
