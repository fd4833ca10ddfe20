"""Finds characters in a text that look like others, or like nothing: what word processors and web pages leave behind."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_QUOTES: Final = frozenset(
    "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033\u2035\u2036\u00ab\u00bb\u2039\u203a\u00b4`"
)
_DASHES: Final = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d")
# Blanks that are letters or marks to Unicode.
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u2800\u3164\uffa0")
_UNSEEN: Final = frozenset(("Cf", "Cc", "Cn", "Co", "Cs", "Zl", "Zp"))
# What good typography has in texts for people: spaces that don't break, and where a word may.
_TYPOGRAPHY: Final = frozenset("\u00a0\u202f\u2009\u00ad\n\t")
_WORD: Final = re.compile(r"[^\W\d_]+")
_LOOKALIKES: Final = frozenset(("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH"))


def spelling_fault(text: str, *, for_people: bool) -> tuple[str, str] | None:
    """(code, message) of the first fault; None for a sound text. Texts `for_people` may have typography."""
    for sign in text:
        if _is_unseen(sign) and not (for_people and sign in _TYPOGRAPHY):
            return "invisible-character", f"{_named(sign)}, which nobody sees: type {_without(text)!r} anew"
    if _mixed(text, for_people=for_people):
        sign = next(each for each in text if _script(each) in _LOOKALIKES)
        return "foreign-letter", f"{_named(sign)}, which looks like another letter: type this text anew"
    if for_people:
        return None
    for sign in text:
        if sign in _QUOTES or sign in _DASHES or sign == "\u2026":
            words = "YAML's quotes are \" and '" if sign in _QUOTES else "type it on the keyboard"
            return "typographic-character", f"{_named(sign)}, as word processors write it: {words}"
    if text != text.strip():
        return "outer-space", f"a space at its beginning or end: write {text.strip()!r}"
    if not unicodedata.is_normalized("NFC", text):
        return (
            "not-composed",
            f"a letter and its accent as two characters: type {unicodedata.normalize('NFC', text)!r} anew",
        )
    return None


def _is_unseen(sign: str) -> bool:
    if " " <= sign <= "~":
        return False
    kind = unicodedata.category(sign)
    return (
        (kind in _UNSEEN and sign not in "\n\t")
        or kind == "Zs"
        or sign in _BLANK
        or "\ufe00" <= sign <= "\ufe0f"
        or "\U000e0100" <= sign <= "\U000e01ef"
    )


def _mixed(text: str, *, for_people: bool) -> bool:
    if text.isascii():
        return False
    scripts = [{_script(sign) for sign in word} for word in _WORD.findall(text)]
    if for_people:
        return any(len(found) > 1 and found & _LOOKALIKES for found in scripts)
    return any(found & _LOOKALIKES for found in scripts)


def _script(sign: str) -> str:
    return unicodedata.name(sign, "").partition(" ")[0] if sign.isalpha() else ""


def _named(sign: str) -> str:
    name = unicodedata.name(sign, "a control character").lower()
    return f"it has U+{ord(sign):04X} ({name})"


def _without(text: str) -> str:
    return "".join(sign for sign in text if not _is_unseen(sign))
