"""Asks the gateway which of several things somebody may do (AuthZEN `evaluations`), for a page that greys out buttons.

This runs on the register's server, where the token is; a browser never gets it. Greying out is a courtesy to people: when
they press a button, the gateway decides, whatever the page showed. So where there is no answer, leave buttons as they are.
"""

from __future__ import annotations

import html
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

# Straight to the decision point, whatever proxy this machine uses for the internet.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_FAULTS = (OSError, http.client.HTTPException, ValueError, LookupError, TypeError, AttributeError)


class NoAnswer(Exception):
    """The decision point cannot be reached, or does not answer this register."""


def ask(
    url: str, token: str, headers: Mapping[str, str], wishes: Sequence[tuple[str, str]], *, timeout: float = 1.0
) -> list[dict[str, Any]]:  # fmt: skip
    """An answer for each wish, such as ("POST", "/meldingen/12/intrekken"), in their order. Raises NoAnswer.

    `url` is `authzen.url` of the gateway's configuration, `headers` those of the request from the gateway, named in lower
    case: they say whose it is. Ask at once: the assertion is valid for a minute.
    """
    if "x-toegangspoort-assertion" not in headers:  # nobody is logged in: a button leads to the login
        return [{"decision": False, "context": {"error": {"status": 401}}} for _ in wishes]
    context = {"language": headers.get("accept-language", "nl"), "ip": headers.get("x-forwarded-for", "")}
    question = {
        "subject": {"type": "session", "id": headers["x-toegangspoort-assertion"]},
        "context": {name: value for name, value in context.items() if value},
        "evaluations": [{"action": {"name": method}, "resource": {"type": "path", "id": path}} for method, path in wishes],
    }  # fmt: skip
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        request = urllib.request.Request(f"{url}/access/v1/evaluations", json.dumps(question).encode(), sent)
        with _direct.open(request, timeout=timeout) as response:
            found = json.load(response)["evaluations"]
            return [_for_people(each) for _, each in zip(wishes, found, strict=True)]
    except _FAULTS as problem:
        if isinstance(problem, urllib.error.HTTPError):
            problem.close()  # it holds the connection
        raise NoAnswer(str(problem)) from problem


def _for_people(answer: dict[str, Any]) -> dict[str, Any]:
    """What a page may show of an answer: not the reasons for administrators."""
    context = {name: answer.get("context", {}).get(name) for name in ("reason_user", "error")}
    return {"decision": answer["decision"], "context": {name: each for name, each in context.items() if each}}


def attributes(answer: dict[str, Any]) -> str:
    """What a button gets in HTML that is made here: nothing where it may be pressed, or where that is not known."""
    if answer["decision"] or "error" in answer["context"]:
        return ""
    reason = " ".join(answer["context"].get("reason_user", {}).values())
    return f' aria-disabled="true" title="{html.escape(reason)}"'
