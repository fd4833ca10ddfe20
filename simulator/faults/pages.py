"""The page and the JSON that switch faults while the simulation runs. It decides who may ask, not what a fault does."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulator.data.people import People
from simulator.faults.catalogue import FAULTS, RIGHT_REVOKED, Fault
from simulator.faults.store import Faults, UnknownFault, WrongSetting, by_name
from simulator.web import page, templates
from simulator.web.csrf import FormTokens

_EVERYBODY: Final = "faults"


def fault_routes(
    *,
    environment: str,
    faults: Faults,
    people: Callable[[], People],
    rotate_keys: Callable[[], str],
    clock: Callable[[], float],
) -> list[Route]:
    """The routes of /faults. `rotate_keys` replaces ACM's signing key and gives the id of the new one."""
    found = _FaultPages(environment, faults, people, rotate_keys, clock)
    return [
        Route("/faults", found.overview, methods=["GET", "POST"]),
        Route("/faults.json", found.listing),
        Route("/faults/{name}", found.switch, methods=["PUT"]),
        Route("/keys/rotate", found.rotate, methods=["POST"]),
    ]


class _FaultPages:
    def __init__(
        self,
        environment: str,
        faults: Faults,
        people: Callable[[], People],
        rotate_keys: Callable[[], str],
        clock: Callable[[], float],
    ) -> None:
        self._faults = faults
        self._people = people
        self._rotate_keys = rotate_keys
        self._tokens = FormTokens(secrets.token_bytes(32), clock)
        self._pages = templates(
            Path(__file__).parent / "templates", system="Fouten met opzet", environment=environment
        )

    # For people

    async def overview(self, request: Request) -> Response:
        """All faults with their switches; what was typed stays where it is refused."""
        typed, trouble = {}, {}
        if request.method == "POST":
            form = await request.form(max_files=0, max_fields=10)
            sent = {name: value for name, value in form.items() if isinstance(value, str)}
            name = sent.get("fault", "")
            try:
                if not self._tokens.is_valid(_EVERYBODY, sent.get("csrf")):
                    raise WrongSetting("Dit formulier is verlopen. Probeer het opnieuw.")
                return RedirectResponse(f"/faults#{await self._do(sent)}", 303)
            except (WrongSetting, UnknownFault) as words:
                typed, trouble = {name: sent.get("value", "")}, {name: str(words)}
        return page(
            self._pages, "faults.html", status=422 if trouble else 200, faults=FAULTS, on=self._faults,
            typed=typed, trouble=trouble, people=self._people().people.values(), revoked=RIGHT_REVOKED,
            csrf=self._tokens.issue(_EVERYBODY), systems=dict.fromkeys(fault.system for fault in FAULTS),
        )  # fmt: skip

    async def _do(self, sent: dict[str, str]) -> str:
        """Do what a form asks for; the place on the page where it shows."""
        action = sent.get("action")
        if action == "rotate":
            await run_in_threadpool(self._rotate_keys)
            return "sleutels"
        if action == "clear":
            self._faults.clear()
            return "inhoud"
        fault = by_name(sent.get("fault", ""))
        self._set(fault, on=action == "on", value=sent.get("value"))
        return fault.name

    # For the command line: JSON, which no other site can send without asking first

    async def listing(self, request: Request) -> Response:
        """Every fault, and what it is set to where it is on."""
        return JSONResponse(
            [
                {
                    "name": fault.name,
                    "system": fault.system,
                    "title": fault.title,
                    "on": self._faults.is_on(fault),
                    "value": self._faults.text(fault) or None,
                }
                for fault in FAULTS
            ]
        )

    async def switch(self, request: Request) -> Response:
        """Switch one fault: `{"on": true, "value": "10"}`."""
        wanted = await _json(request)
        if wanted is None or not isinstance(wanted.get("on"), bool):
            return JSONResponse({"error": 'send JSON like {"on": true, "value": "10"}'}, 400)
        value = wanted.get("value")
        try:
            fault = by_name(request.path_params["name"])
            self._set(fault, on=wanted["on"], value=None if value is None else str(value))
        except UnknownFault as words:
            return JSONResponse({"error": str(words)}, 404)
        except WrongSetting as words:
            return JSONResponse({"error": str(words)}, 422)
        return JSONResponse({"name": fault.name, "on": self._faults.is_on(fault)})

    async def rotate(self, request: Request) -> Response:
        """Replace ACM's signing key; the one before it stays published for an hour."""
        if await _json(request) is None:
            return JSONResponse({"error": "send JSON: {}"}, 400)
        return JSONResponse({"kid": await run_in_threadpool(self._rotate_keys)})

    def _set(self, fault: Fault, *, on: bool, value: str | None) -> None:
        if not on:
            self._faults.switch_off(fault)
            return
        if fault is RIGHT_REVOKED:
            known = self._people().people
            if value and value.strip() not in known:
                raise WrongSetting(f"Niemand heet {value}. Kies een van: {', '.join(known)}.")
        self._faults.switch_on(fault, value)


async def _json(request: Request) -> dict[str, Any] | None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return None
    try:
        found = json.loads(await request.body())
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
