"""The catalogues: the text of a message id in each language, one file a language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel import Locale
from babel.core import UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import Translations

from gateway.files.plain_file import read_plain
from gateway.model import Language
from gateway.pages.spoken import spoken_duration, spoken_time

_VALUE: Final = re.compile(r"%\((\w+)\)s|%%")
_SHIPPED: Final = Path(__file__).parent / "locale"


class CatalogueFault(ValueError):
    """A file that is not a catalogue; `line` counts from 1."""

    def __init__(self, line: int) -> None:
        super().__init__("this line does not belong in a catalogue of gettext")
        self.line = line


def message(text: str) -> str:
    """Marks a text as a message id, for the check that the catalogues are complete. Returns the text."""
    return text


def catalogues(folder: Path | None = None) -> Mapping[Language, Path]:
    """The catalogue files by language: the shipped ones, and those in `folder`, which come first.

    Raises OSError for a folder that cannot be read.
    """
    found = {file.stem: file for file in sorted(_SHIPPED.glob("*.po"))}
    if folder is not None:
        found |= {file.stem: file for file in sorted(folder.iterdir()) if file.suffix == ".po"}
    return found


def read_catalogue(language: Language, file: Path | None = None) -> Translations:
    """The translations of one language, straight from its .po file (by default the shipped one).

    Raises OSError, and ValueError for a file that is not a catalogue.
    """
    if file is None or file.parent == _SHIPPED:
        return _read_shipped(language)
    return _read(language, file)


@cache
def _read_shipped(language: Language) -> Translations:
    """Read once: it changes with a restart, like all of the gateway."""
    return _read(language, _SHIPPED / f"{language}.po")


def _read(language: Language, file: Path) -> Translations:
    try:
        Locale.parse(language)
        catalogue = read_po(BytesIO(read_plain(file)), locale=language, abort_invalid=True)
    except PoFileError as problem:
        raise CatalogueFault(problem.lineno + 1) from problem
    except UnknownLocaleError as problem:
        raise ValueError(f"{language!r} is not a language that has names of days and months") from problem
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    # The library reads names of days and months when it first needs them, which would hold up the requests.
    spoken_time(datetime.fromtimestamp(0, UTC), language)
    spoken_duration(1.0, language)
    return Translations(compiled)


def catalogue_faults(language: Language, file: Path) -> Iterator[tuple[int, str]]:
    """What is wrong with a catalogue of an operator's, each as (line, words); a missing message is no fault."""
    try:
        read_catalogue(language, file)
        entries = list(read_po(BytesIO(read_plain(file)), locale=language))
    except CatalogueFault as problem:
        yield problem.line, str(problem)
        return
    except (OSError, ValueError) as problem:
        yield 1, str(problem)
        return
    for entry in entries:
        words = str(entry.string)
        if entry.id and words and set(_VALUE.findall(words)) - set(_VALUE.findall(str(entry.id))):
            yield entry.lineno or 1, f"this names a value that the message {entry.id!r} does not have"
        elif entry.id and "%" in _VALUE.sub("", words) and _VALUE.search(str(entry.id)):
            yield entry.lineno or 1, "write a percent sign as %%"


def own_name(language: Language) -> str:
    """What its speakers call a language: "Nederlands"."""
    name = Locale.parse(language).get_display_name(language) or language
    return name[:1].upper() + name[1:]


def in_language(texts: Mapping[str, str], language: Language) -> str | None:
    """The text in this language, otherwise the one that is written first, otherwise None."""
    return texts.get(language) or next((text for text in texts.values() if text), None)
