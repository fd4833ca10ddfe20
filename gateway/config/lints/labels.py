"""Texts for people that lack the language of most of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.analysis.lint import Finding
from gateway.config.load import Source
from gateway.config.positions import Place

_DUTCH = "nl"


def labels(source: Source) -> Iterator[Finding]:
    """Labels and messages that are written, but not in Dutch, or not in the first language where there is no Dutch."""
    languages = source.config.languages
    wanted = _DUTCH if _DUTCH in languages else languages[0]
    for place, texts in _texts(source):
        if texts and not texts.get(wanted, "").strip():
            words = f"the text in {wanted!r} is missing here: people read one in another language, or a code"
            yield Finding(source.at(place), "label-missing", words)


def _texts(source: Source) -> Iterator[tuple[Place, Mapping[str, str]]]:
    document = source.document
    for name, right in document.rights.items():
        yield ("rights", name, "label"), right.label
        yield ("rights", name, "granted_by"), right.granted_by
    for environment, settings in source.config.environments.items():
        place: Place = ("environments", environment, "maintenance")
        yield (*place, "message"), settings.maintenance.message
        for number, window in enumerate(settings.maintenance.windows):
            yield (*place, "windows", number, "message"), window.message or {}


def rule_labels(source: Source, name: str) -> Iterator[Finding]:
    """The same of the labels of one environment's rules."""
    languages = source.config.languages
    wanted = _DUTCH if _DUTCH in languages else languages[0]
    for rule in source.config.rules[name].every:
        if rule.label and not rule.label.get(wanted, "").strip():
            words = (
                f"rule {rule.id!r} has no label in {wanted!r}: people read one in another language, or none"
            )
            yield Finding(rule.at, "label-missing", words)
