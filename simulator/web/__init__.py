"""The look that all simulated systems share: one layout, one style sheet, a banner that says it is a simulation."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

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
    found.filters["datum"] = belgian_date
    return found


def belgian_date(value: date | datetime | str | None) -> str:
    """dd/mm/yyyy; empty for nothing."""
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    return value.strftime("%d/%m/%Y")


def page(env: Environment, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A rendered page that no cache keeps."""
    headers = {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
    }
    return HTMLResponse(env.get_template(name).render(**values), status_code=status, headers=headers)
