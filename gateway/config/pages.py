"""Checks of what the configuration says about the gateway's own pages: languages, words, templates, logo and style."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateSyntaxError

from gateway.config.positions import Place, Positions
from gateway.config.problems import Problem
from gateway.model import Language
from gateway.pages.branding import logo_address, style
from gateway.pages.catalogue import catalogue_faults, catalogues
from gateway.pages.render import Pages
from gateway.pages.samples import every_page
from gateway.pages.settings import PagesSettings, SupportSettings

if TYPE_CHECKING:
    from gateway.config.model import Document


def reading_context(
    data: Any, folder: Path, positions: Positions, problems: list[Problem]
) -> Mapping[str, Any]:
    """What the settings models need to know: the folder of the file, and the languages that have a catalogue."""
    section = data.get("pages") if isinstance(data, dict) else None
    place = section.get("translations") if isinstance(section, dict) else None
    own = folder / place if isinstance(place, str) else None
    try:
        return {"folder": folder, "languages": frozenset(catalogues(own))}
    except OSError as fault:
        words = f"cannot read the folder {own}: {fault.strerror}"
        problems.append(positions.problem(("pages", "translations"), words))
        return {"folder": folder, "languages": frozenset(catalogues())}


def page_problems(document: Document, positions: Positions) -> Iterator[Problem]:
    """Every fault in the files for the pages. With templates of one's own, every page is made with sample values."""
    faults = [*_looks_problems(document, positions), *_catalogue_problems(document.pages, document.languages)]
    yield from faults
    templates = document.pages.templates
    if templates is None or faults:
        return
    if not templates.is_dir():
        yield positions.problem(("pages", "templates"), f"there is no folder {templates}")
        return
    for name, settings in document.environments.items():
        yield from _template_problems(settings.support, name, document.languages, document.pages)


def _looks_problems(document: Document, positions: Positions) -> Iterator[Problem]:
    sheet = document.pages.templates / "style.css" if document.pages.templates is not None else None
    for name, settings in document.environments.items():
        place = ("environments", name, "support")
        if settings.support.logo is not None:
            yield from _fault_of(partial(logo_address, settings.support.logo), (*place, "logo"), positions)
        yield from _fault_of(partial(style, settings.support.accent), (*place, "accent"), positions)
    if sheet is not None:
        yield from _fault_of(partial(style, "#ffffff", sheet), ("pages", "templates"), positions)


def _fault_of(make: Callable[[], object], place: Place, positions: Positions) -> Iterator[Problem]:
    try:
        make()
    except ValueError as fault:
        yield positions.problem(place, str(fault))


def _catalogue_problems(own: PagesSettings, languages: Sequence[Language]) -> Iterator[Problem]:
    if own.translations is None or not own.translations.is_dir():
        return
    for language, file in catalogues(own.translations).items():
        if file.parent == own.translations and language in languages:
            for line, words in catalogue_faults(language, file):
                yield Problem(str(file), line, 1, words)


def _template_problems(
    support: SupportSettings, environment: str, languages: Sequence[Language], own: PagesSettings
) -> Iterator[Problem]:
    place = str(own.templates)
    try:
        pages = Pages(support, environment, languages, own)
        for language in languages:
            for _, make in every_page(pages, language):
                make()
    except TemplateSyntaxError as fault:
        file = str(fault.filename or place)
        yield Problem(file, fault.lineno, 1, f"this is not a valid template: {fault.message}")
    except Exception as fault:  # noqa: BLE001 - a template can call anything
        file, line = _place_of(fault, own)
        yield Problem(
            file, line, 1, f"a page cannot be made with this template: {type(fault).__name__}: {fault}"
        )


def _place_of(fault: Exception, own: PagesSettings) -> tuple[str, int]:
    """The file and line of the innermost template of the operator's that was running."""
    frames = traceback.extract_tb(fault.__traceback__)
    mine = [each for each in frames if own.templates in Path(each.filename).parents]
    return (mine[-1].filename, mine[-1].lineno or 1) if mine else (str(own.templates), 1)
