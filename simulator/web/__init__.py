"""The look that all simulated systems share: one layout, one style sheet, a banner that says it is a simulation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from simulator.dates import belgian_date, belgian_moment
from simulator.numbers import national_number_shown, organisation_shown

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_FAULTY = 422


def templates(folder: Path, *, system: str, environment: str) -> Environment:
    """Templates of one system: its own folder first, then the shared layout."""
    found = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder), FileSystemLoader(_HERE / "templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(system=system, environment={"ti": "T&I", "prd": "PRD"}.get(environment, environment))
    found.filters.update(
        datum=belgian_date, moment=belgian_moment, rijksregisternummer=national_number_shown,
        nummer=organisation_shown, mail=mail_link, telefoon=telephone_link,
    )  # fmt: skip
    return found


def page(env: Environment, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A rendered page that no cache keeps. The title of a form that has faults (422) says so."""
    headers = {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
    }
    return HTMLResponse(
        env.get_template(name).render(wrong=status == _FAULTY, **values), status_code=status, headers=headers
    )


def mail_link(address: str) -> Markup:
    """An address that opens the reader's mail."""
    return Markup('<a href="mailto:{0}">{0}</a>').format(address)


def telephone_link(number: str) -> Markup:
    """A number that can be called at once."""
    dialled = "".join(sign for sign in number if sign.isdigit() or sign == "+")
    return Markup('<a href="tel:{}">{}</a>').format(dialled, number)


def pages_for_errors(env: Environment, start: str) -> Mapping[Any, Callable[[Request, Exception], Response]]:
    """What an application of Starlette answers to an address that it does not have; `start` is where it begins."""

    def not_found(_request: Request, _error: Exception) -> Response:
        return page(env, "not_found.html", status=404, start=start)

    def not_so(_request: Request, error: Exception) -> Response:
        found = page(env, "not_found.html", status=405, start=start)
        found.headers.update(getattr(error, "headers", None) or {})
        return found

    return {404: not_found, 405: not_so}
