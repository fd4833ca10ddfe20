"""The page that somebody saw, made again from the record of the request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from math import inf
from typing import Any, get_args
from urllib.parse import quote, urlsplit

from gateway import errors
from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.model import CanonicalRequest, DecisionInput, Identity, Viewer
from gateway.pages.error_response import ErrorResponses
from gateway.pages.outcome import RequestOutcome
from gateway.pages.render import Pages
from gateway.pages.wire import wire_error
from gateway.pipeline.authorize import refusal
from gateway.policy.advice import advise
from gateway.policy.evaluate import decide
from gateway.policy.ruleset import RuleSet
from gateway.policy.step_up import methods_that_help
from gateway.responses import Response


@dataclass(frozen=True, slots=True)
class Shown:
    """A page or document, with its language; or in words why there is none."""

    body: bytes = b""
    language: str = ""
    html: bool = False
    why_not: str = ""


def shown_page(
    record: Mapping[str, Any],
    chosen: ChosenEnvironment,
    rules: RuleSet | None,
    decision_input: DecisionInput | None,
) -> Shown:
    """What the client got. `rules` are those of that moment, `decision_input` what they judged, where there was anything.

    The texts and templates are those of today. Names of people are not recorded: the pseudonym stands in their place.
    """
    answer = record.get("answer")
    if "error" not in record or answer is None:
        return Shown(why_not=_without(record))
    kind = answer.get("shown", "")
    if kind in ("", "login", "form"):
        return Shown(why_not=_NO_PAGE[kind])
    error = _error(record, rules, decision_input)
    known = rules if rules is not None else chosen.rules
    if error is None or known is None:
        return Shown(why_not="it cannot be made again without the rules of that moment")
    language = answer.get("language") or chosen.config.languages[0]
    if language not in chosen.config.languages:
        return Shown(why_not=f"the pages are not made in {language!r} any more")
    response = _response(record, chosen, known, error, language, decision_input)
    html = response.headers.get("content-type", "").startswith("text/html")
    return Shown(bytes(response.body), language, html)


_NO_PAGE = {
    "": "the client was gone, or its answer had begun, before there was one",
    "login": "the browser was sent on to the login, without a page",
    "form": "a page that said that the form is kept and sent after a login; it is not made again here",
}


def _without(record: Mapping[str, Any]) -> str:
    if record.get("verdict") == "allow":
        return f"the register answered, with status {record.get('status')}"
    if record.get("verdict") == "redirect":
        return f"the rule redirected to {record.get('location')}"
    return "the record does not say what was shown: it is of an earlier version, or nothing was refused"


def _response(
    record: Mapping[str, Any],
    chosen: ChosenEnvironment,
    rules: RuleSet,
    error: errors.GatewayError,
    language: str,
    decision_input: DecisionInput | None,
) -> Response:
    settings, now = chosen.settings, float(record["now"])
    pages = Pages(
        settings.support, chosen.env, chosen.config.languages, chosen.config.pages, clock=lambda: now
    )
    public_url = settings.public_url
    answers = ErrorResponses(pages, public_url=public_url, names=lambda: rules, clock=lambda: now)
    request = _request(record, language, public_url)
    identity = decision_input.identity if decision_input is not None else _identity(record)
    answer, request_id = record["answer"], str(record["request_id"])
    if answer["shown"] == "step-up" and isinstance(error, errors.Forbidden) and request is not None:
        methods = methods_that_help(error.way_out)
        return answers.step_up(error, methods, request_id=request_id, request=request, identity=identity)
    spoken = [(b"accept-language", language.encode("ascii"))]
    if answer["shown"] == "listener":  # which knows the head of the request only
        return answers.error(error, request_id=request_id, raw_headers=spoken, viewer=_viewer(answer))
    return answers.error(
        error,
        request_id=request_id,
        request=request,
        identity=identity,
        raw_headers=spoken,
        viewer=_viewer(answer),
        outcome=RequestOutcome(answer.get("forwarded")),
    )


def _error(
    record: Mapping[str, Any], rules: RuleSet | None, decision_input: DecisionInput | None
) -> errors.GatewayError | None:
    """The error that ended the request, as far as its page depends on it."""
    if record["answer"]["shown"] == "listener":
        kind = wire_error(int(record["status"]))
        return kind("") if kind is not None else errors.Overloaded("")
    found = next((each for each in _kinds(errors.GatewayError) if each.code == record["error"]), None)
    if found is None:
        return None
    facts = record["answer"].get("facts", {})
    if issubclass(found, errors.Forbidden):
        if rules is None or decision_input is None:
            return None
        decision = decide(rules, decision_input)
        return refusal(decision, decision_input.now, partial(advise, rules, decision_input, decision))
    error = found.__new__(found)
    errors.GatewayError.__init__(error, "", **facts)
    if isinstance(error, errors.LoginFailed):
        error.reason, error.again = str(facts.get("reason", "")), None
    if isinstance(error, errors.UnderMaintenance):
        end = facts.get("until")
        # The operator's words are not recorded.
        error.words, error.until = {}, datetime.fromisoformat(end).timestamp() if end else inf
    return error


def _kinds(kind: type[errors.GatewayError]) -> Iterator[type[errors.GatewayError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


def _request(record: Mapping[str, Any], language: str, public_url: str) -> CanonicalRequest | None:
    """The canonical request, as far as it is recorded: without its query and headers."""
    path = record.get("path")
    if not isinstance(path, str):
        return None
    scheme = urlsplit(public_url).scheme
    return CanonicalRequest(
        id=str(record["request_id"]),
        method=str(record["method"]),
        scheme="https" if scheme == "https" else "http",
        host=str(record["host"]),
        path=path,
        segments=tuple(path.split("/")[1:]),
        target=quote(path, safe="/:@!$&'()*+,;=-._~%").encode("ascii"),
        headers=(),
        cookies={},
        client=str(record["client"]),
        viewer=_viewer(record["answer"]),
        language=language,
    )


def _viewer(answer: Mapping[str, Any]) -> Viewer:
    found: Viewer = next((each for each in get_args(Viewer) if each == answer.get("looking")), "script")
    return found


def _identity(record: Mapping[str, Any]) -> Identity | None:
    who = record.get("who")
    return Identity(str(who["issuer"]), str(who["person"]), kind=who["kind"]) if who is not None else None
