"""The look that all simulated systems share: one layout, one style sheet, a banner that says it is a simulation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from simulator.dates import belgian_date, belgian_moment
from simulator.numbers import national_number_shown

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


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
    found.filters.update(datum=belgian_date, moment=belgian_moment, rijksregisternummer=national_number_shown)
    return found


def page(env: Environment, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A rendered page that no cache keeps."""
    headers = {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
    }
    return HTMLResponse(env.get_template(name).render(**values), status_code=status, headers=headers)
