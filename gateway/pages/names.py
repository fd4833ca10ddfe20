"""Names of people and organisations as sentences contain them: in the spelling of whoever gave them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from gateway.model import Identity, Organisation

# Marks that turn the order in which the text behind them is read (UAX 9).
_TURNS: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FROM_RIGHT: Final = frozenset({"R", "AL", "AN"})
_KBO: Final = 10
_ALONE: Final = "\u2068{}\u2069"


def person_name(identity: Identity) -> str:
    """The reader's name, or what the provider calls them."""
    return within_a_sentence(identity.name or identity.subject)


def organisation_name(code: str, acting_for: Organisation | None = None) -> str:
    """An organisation as people know it: its name if we have it, and KBO numbers with dots.

    Several codes with commas between them are named one by one.
    """
    if "," in code:
        return ", ".join(organisation_name(each.strip(), acting_for) for each in code.split(","))
    shown = f"{code[:4]}.{code[4:7]}.{code[7:]}" if is_kbo(code) else code
    if acting_for is not None and acting_for.code == code and acting_for.name:
        return f"{within_a_sentence(acting_for.name)} ({shown})"
    return shown


def is_kbo(code: str) -> bool:
    """Whether this is a KBO number, and not a code of another kind."""
    return len(code) == _KBO and code.isdigit()


def within_a_sentence(name: str) -> str:
    """A name that leaves alone the order in which the words and numbers around it are read."""
    if name.isascii():
        return name
    plain = _TURNS.sub("", name)
    from_right = any(unicodedata.bidirectional(each) in _FROM_RIGHT for each in plain)
    return _ALONE.format(plain) if from_right else plain
