"""Texts with characters that nobody typed on purpose: smart quotes, spaces of zero width, letters of other alphabets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.analysis.lint import Finding
from gateway.analysis.spelling import spelling_fault
from gateway.config.load import Source
from gateway.config.positions import Place

# Keys with texts that people read.
_FOR_PEOPLE = frozenset(
    (
        "label",
        "granted_by",
        "support",
        "session_bar",
        "organisation_name",
        "given_name",
        "family_name",
        "vo_orgnaam",
    )
)


def texts(source: Source) -> Iterator[Finding]:
    """What is wrong with keys and texts, at the place of each."""
    yield from _walk(source, source.data, ())


def _walk(source: Source, value: Any, place: Place) -> Iterator[Finding]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _text(source, key, (*place, key), at_key=True)
            yield from _walk(source, inner, (*place, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _walk(source, inner, (*place, number))
    elif isinstance(value, str):
        yield from _text(source, value, place, at_key=False)


def _text(source: Source, text: str, place: Place, *, at_key: bool) -> Iterator[Finding]:
    if text.isascii() and text.isprintable() and text == text.strip() and "`" not in text:
        return
    title = place[0] in ("tests", "never") and place[2:] == ("name",)
    fault = spelling_fault(text, for_people=not at_key and (title or not _FOR_PEOPLE.isdisjoint(place)))
    if fault is not None:
        code, words = fault
        shown = text if len(text) <= 60 else f"{text[:60]}..."
        yield Finding(source.at(place, at_key=at_key), code, f"{shown!a}: {words}")
