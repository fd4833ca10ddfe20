"""Sends people back to the application: in the query, in the fragment, or with a form that their browser posts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from authlib.common.urls import add_params_to_uri
from jinja2 import Environment
from starlette.responses import RedirectResponse, Response

from simulator.web import page

MODES: Final = ("query", "fragment", "form_post")


def send_back(pages: Environment, asked: Mapping[str, str], answer: Mapping[str, str]) -> Response:
    """The answer to an authorization request whose `redirect_uri` was checked. The state goes along as it came. A mode
    that there is not counts as `query`."""
    target, mode = asked["redirect_uri"], asked.get("response_mode", "query")
    parameters = dict(answer)
    if "state" in asked:
        parameters["state"] = asked["state"]
    if mode == "form_post":
        return page(pages, "form_post.html", target=target, parameters=parameters)
    location = add_params_to_uri(target, list(parameters.items()), fragment=mode == "fragment")
    return RedirectResponse(location, 303, headers={"cache-control": "no-store"})
