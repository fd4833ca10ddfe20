"""The response to an evaluation: yes or no, reasons for people and operators, what helps, by which method to log in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from gateway.authzen.messages import Unanswerable
from gateway.decision_point.evaluator import permitted
from gateway.errors import Blocked, Forbidden, GatewayError, LoginRequired
from gateway.exchange import Exchange
from gateway.model import Language
from gateway.pages.problem import Problems, Reader
from gateway.policy.step_up import methods_that_help

_SHOWN: Final = ("missing", "plans", "unread_claims", "support", "login_url", "reference", "code")
_PUBLIC_FACTS: Final = ("reason", "retry_after", "until", "maintenance")


@dataclass(frozen=True, slots=True)
class EvaluationResponses:
    """Writes the responses of one environment. `language` is the one of people who ask for none."""

    problems: Problems
    language: Language

    def decision(self, exchange: Exchange) -> dict[str, Any]:
        """The response about a request that was judged."""
        allowed = permitted(exchange)
        context: dict[str, Any] = {"id": exchange.id}
        judgement = exchange.judgement
        decision = judgement.decision if judgement is not None else None
        if decision is not None and decision.rule is not None:
            context["rule"] = decision.rule
        if allowed and decision is not None:
            context["reason_admin"] = {"200": f"rule {decision.rule!r}: {decision.reason}"}
            return {"decision": True, "context": context}
        if exchange.error is not None:
            context |= self._refused(exchange, exchange.error)
        elif decision is not None and decision.redirect is not None:
            status = str(decision.redirect.status)
            context["reason_admin"] = {status: f"rule {decision.rule!r} redirects"}
            context["location"] = decision.redirect.location
        return {"decision": False, "context": context}

    def _refused(self, exchange: Exchange, error: GatewayError) -> dict[str, Any]:
        if isinstance(error, Unanswerable):
            return {"error": _error(error)}
        request = exchange.request
        language = request.language if request is not None else self.language
        reader = Reader(
            language, exchange.caller.identity, _back(exchange), request.path if request else None
        )
        said = self.problems.data(error, reader, request_id=exchange.id)
        status = str(error.status)
        found = {name: said[name] for name in _SHOWN if said.get(name)}
        found |= {name: error.facts[name] for name in _PUBLIC_FACTS if name in error.facts}
        found["reason_user"] = {status: self.problems.in_short(error, said, reader)}
        found["reason_admin"] = {status: _reason(exchange, error)}
        methods = _methods(error)
        if methods:
            found["acr_values"] = " ".join(methods)
        return found


def _back(exchange: Exchange) -> str:
    """Where a login leads back to: the page that was asked about, where that can be shown."""
    request = exchange.request
    if request is None or request.method not in ("GET", "HEAD"):
        return "/"
    return request.target.decode("ascii", "replace")


def _reason(exchange: Exchange, error: GatewayError) -> str:
    judgement = exchange.judgement
    decision = judgement.decision if judgement is not None else None
    if decision is None:
        return error.facts.get("reason") or (
            error.code if not error.detail or isinstance(error, Blocked) else error.detail
        )
    by = f"rule {decision.rule!r}" if decision.rule is not None else "no rule matches"
    return f"{by}: {decision.error or decision.reason}"


def _methods(error: GatewayError) -> tuple[str, ...]:
    if isinstance(error, LoginRequired):
        return tuple(error.facts.get("acr_values", ()))
    return methods_that_help(error.way_out) if isinstance(error, Forbidden) else ()


def unanswerable_response(error: Unanswerable) -> dict[str, Any]:
    """The response to one of several evaluations that could not be made."""
    return {"decision": False, "context": {"error": _error(error)}}


def _error(error: Unanswerable) -> dict[str, Any]:
    return {"status": error.answered, "message": error.detail}
