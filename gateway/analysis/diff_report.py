"""Reports the difference between two rule sets as text or as data, for a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from gateway.analysis.change import ANY_METHOD, OTHER_METHOD, Change, Who
from gateway.analysis.equivalence import Cell, Dimension
from gateway.analysis.moment_words import in_words

_MOST_LISTED: Final = 4


def as_text(changes: Sequence[Change]) -> Iterator[str]:
    """Who gains and who loses what, and what goes elsewhere, line by line."""
    for change in changes:
        for sign, verb, several in (
            ("-", "LOSES", change.loses),
            ("+", "GAINS", change.gains),
            ("~", "GOES ELSEWHERE", change.moves),
        ):
            if several:
                yield f"{sign} {verb} {_requests(change)}"
                yield f"    {_rules(change)}; such as {change.example}"
                if change.old_goes != change.new_goes and change.old_goes and change.new_goes:
                    yield f"    to {change.old_goes} before, to {change.new_goes} now"
                yield from (f"    {sign} {words}" for words in _people(several))
        if change.inexact is not None:
            yield f"? NOT EXACT {_requests(change)}"
            yield f"    {_rules(change)}: {change.inexact}"


def as_data(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The same as plain data."""
    return [
        {
            "methods": list(change.methods),
            "path": change.path,
            "other_than": [dict(each) for each in change.other_than],
            "partly": change.partly,
            "host": change.host,
            "example": change.example,
            "old_rule": change.old_rule,
            "new_rule": change.new_rule,
            "gains": [_people_data(who) for who in change.gains],
            "loses": [_people_data(who) for who in change.loses],
            "moves": [_people_data(who) for who in change.moves],
            "old_goes": change.old_goes,
            "new_goes": change.new_goes,
            "inexact": change.inexact,
        }
        for change in changes
    ]


def _requests(change: Change) -> str:
    asked = change.methods
    if asked[: len(ANY_METHOD)] == ANY_METHOD:
        asked = ("ANY", *asked[len(ANY_METHOD) :])
    methods = ", ".join("every other method" if method == OTHER_METHOD else method for method in asked)
    words = f"{methods} {change.path}"
    if change.other_than:
        texts = (" and ".join(f"{{{name}}} = {text}" for name, text in each) for each in change.other_than)
        words += f" (other than {', or '.join(texts)})"
    if change.host is not None:
        words += f" at {change.host}"
    return f"{words}, as far as no other rule comes first" if change.partly else words


def _rules(change: Change) -> str:
    old = f"rule {change.old_rule!r}" if change.old_rule is not None else "no rule"
    new = f"rule {change.new_rule!r}" if change.new_rule is not None else "no rule"
    return f"decided by {old}" if old == new else f"decided by {old} before, by {new} now"


def _people(several: Sequence[Who]) -> Iterator[str]:
    circumstances = [
        {_circumstances(who) for who in several if who.logged_in is logged_in} for logged_in in (False, True)
    ]
    everybody = circumstances[0] & circumstances[1]
    for who in several:
        words = _circumstances(who)
        if words not in everybody:
            yield describe(who)
        elif not who.logged_in:
            yield ", ".join(("anyone, logged in or not", *words))


def _circumstances(who: Who) -> tuple[str, ...]:
    """The restrictions that are not about the person; a unique value where there are any about the person."""
    parts = list(who.parts())
    if any(dimension.about_person for dimension, _, _ in parts):
        return (repr(who.signature()),)
    return tuple(_restriction(*part) for part in parts)


def describe(who: Who) -> str:
    """A set of people in words."""
    parts = [_restriction(*part) for part in who.parts()]
    if not who.logged_in:
        return ", ".join(["nobody (not logged in)", *parts])
    if not any(dimension.about_person for dimension, _, _ in who.parts()):
        return ", ".join(["somebody who is logged in", *parts])
    return "somebody " + ", ".join(parts)


def _restriction(dimension: Dimension, cells: Sequence[Cell], but: bool) -> str:
    if dimension.kind == "moments":
        words = in_words(cells, dimension.cells, _MOST_LISTED)
    else:
        words = " or ".join(cell.words for cell in cells[:_MOST_LISTED])
        if len(cells) > _MOST_LISTED:
            words += f" (and {len(cells) - _MOST_LISTED} more)"
    return f"not {words}" if but else words


def _people_data(who: Who) -> dict[str, Any]:
    return {
        "words": describe(who),
        "logged_in": who.logged_in,
        "only": [
            {
                "fact": dimension.kind,
                "name": dimension.name or None,
                "not" if but else "is": [cell.words for cell in cells],
            }
            for dimension, cells, but in who.parts()
        ],
    }
