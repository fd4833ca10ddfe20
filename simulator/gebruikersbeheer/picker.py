"""The two columns in which contexts are chosen: 'Beschikbaar' and 'Geselecteerd'. It needs no script.

Every context is a button that sends the form and comes back on the other side, with the focus on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.data.people import RightKind
from simulator.gebruikersbeheer.desk import Posted


@dataclass(frozen=True, slots=True)
class Picker:
    """Which contexts are on which side, in the order of the right. `moved` went to the other side just now."""

    labels: Mapping[str, str]
    chosen: tuple[str, ...]
    moved: str | None = None

    @property
    def available(self) -> tuple[str, ...]:
        return tuple(code for code in self.labels if code not in self.chosen)

    @property
    def said(self) -> str:
        """What moved, in words."""
        if self.moved is None:
            return ""
        side = "Geselecteerd" if self.moved in self.chosen else "Beschikbaar"
        return f"'{self.labels[self.moved]}' staat nu bij '{side}'."


def picker_of(kind: RightKind, first: tuple[str, ...], posted: Posted | None) -> Picker:
    """The columns after what was sent: `pick` moves a context to the right, `drop` moves it back."""
    chosen = set(first if posted is None else posted.contexts)
    values = posted.values if posted is not None else {}
    picked, dropped = values.get("pick"), values.get("drop")
    moved = next((code for code in (picked, dropped) if code in kind.contexts), None)
    if picked is not None:
        chosen.add(picked)
    if dropped is not None:
        chosen.discard(dropped)
    return Picker(kind.contexts, tuple(code for code in kind.contexts if code in chosen), moved)
