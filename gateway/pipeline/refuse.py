"""What ends a request early becomes a response: an error page, problem+json, or a redirect to a login."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import structlog

from gateway.edge.forms import is_form
from gateway.edge.viewer import viewer_of_lines
from gateway.endpoints.kept_forms import KeptForms
from gateway.endpoints.login import LoginEndpoints
from gateway.endpoints.return_path import target_of
from gateway.errors import (
    ClientLimited,
    ContentTooLarge,
    Forbidden,
    FormGone,
    GatewayError,
    InternalFault,
    LoginFailed,
    LoginRequired,
    Overloaded,
    ProviderUnavailable,
    RequestTimeout,
    StoreUnavailable,
    UnderMaintenance,
)
from gateway.exchange import Exchange
from gateway.pages.error_response import ErrorResponses
from gateway.pages.jsf import is_partial_request
from gateway.pages.outcome import RequestOutcome
from gateway.pipeline.ask_again import AskAgain
from gateway.pipeline.cross_origin import CrossOrigin
from gateway.pipeline.refresh_page import seconds_to_refresh
from gateway.policy.step_up import methods_that_help
from gateway.responses import Response
from gateway.upstream.client_stream import ClientGone
from gateway.upstream.response import AnswerCut

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answers a request that one of the stages refused."""

    responses: ErrorResponses
    login: LoginEndpoints
    forms: KeptForms
    cors: CrossOrigin
    again: AskAgain
    step_up: Literal["explain", "at-once"] = "explain"
    """Whether a page explains why a stronger login is needed, before the browser goes there."""

    async def __call__(self, exchange: Exchange, problem: BaseException) -> None:
        """Send the response to a problem; a response that has already begun is cut off instead."""
        if isinstance(problem, ClientGone | AnswerCut):
            exchange.broken_off = isinstance(problem, AnswerCut)
            why = str(problem) or type(problem).__name__
            log.info("response not completed", request_id=exchange.id, reason=why)
            return
        if isinstance(problem, GatewayError):
            error = problem
        else:
            log.exception("request failed", request_id=exchange.id, exc_info=problem)
            error = InternalFault(repr(problem))
        exchange.error = error
        if exchange.status:
            log.info("response not completed", request_id=exchange.id, reason=error.detail)
            return
        if exchange.kept_form is not None:
            await self.forms.settle(exchange)
        response = await self.response(exchange, error)
        exchange.shown, exchange.language = exchange.shown or _kind(response), _language(response)
        await response(exchange.scope, exchange.receive, exchange.send)

    async def response(self, exchange: Exchange, error: GatewayError) -> Response:
        """The page, problem or redirect for this error."""
        try:
            login = await self._instead(exchange, error)
        except (
            ClientLimited,
            FormGone,
            LoginFailed,
            ProviderUnavailable,
            StoreUnavailable,
            RequestTimeout,
        ) as trouble:
            login = None
            if isinstance(error, LoginRequired):
                exchange.error = error = trouble
        if login is not None:
            return login
        if error.status >= 500:
            # What any client can cause does not fill the log of errors.
            write = log.info if isinstance(error, Overloaded | UnderMaintenance) else log.error
            write("request refused", code=error.code, detail=error.detail, request_id=exchange.id)
        lines = exchange.scope.get("headers", ())
        response = self.responses.error(
            error,
            request_id=exchange.id,
            request=exchange.request,
            identity=exchange.caller.identity,
            raw_headers=lines,
            viewer=viewer_of_lines(lines),
            outcome=await self._outcome(exchange, error),
        )
        seconds = seconds_to_refresh(exchange, error)
        if seconds is not None:
            response.headers["refresh"] = str(seconds)
        if exchange.request is not None:
            response.raw_headers.extend(self.cors.fields(exchange.request))
        if isinstance(error, ContentTooLarge | RequestTimeout) or exchange.cut is not None:
            # Do not wait for the rest of the body.
            response.headers["connection"] = "close"
        return response

    async def _instead(self, exchange: Exchange, error: GatewayError) -> Response | None:
        """The response that leads on, where one does: noted in the exchange."""
        for shown, respond in (
            ("form", self._form),
            ("login", self._to_login),
            ("login", self.again),
        ):
            response = await respond(exchange, error)
            if response is not None:
                exchange.shown = "step-up" if shown == "login" and response.body else shown
                return response
        return None

    async def _outcome(self, exchange: Exchange, error: GatewayError) -> RequestOutcome:
        """What became of the request, where it was for the register, and of the form that it was about."""
        kept = await self.forms.note(exchange, error)
        if kept is None and isinstance(error, UnderMaintenance) and _is_whole_form(exchange):
            kept = await self.forms.hold(exchange)
        return RequestOutcome(exchange.delivered, kept)

    async def _form(self, exchange: Exchange, error: GatewayError) -> Response | None:
        """The page for a form that a login helps: kept, if possible, and sent once its sender is back."""
        if not _is_whole_form(exchange) or exchange.admitted.host != self.login.public_host:
            return None
        methods = self._methods(exchange, error)
        return await self.forms.refused(exchange, methods) if methods is not None else None

    async def _to_login(self, exchange: Exchange, error: GatewayError) -> Response | None:
        """A redirect to the login, if the request is a navigation and a login can help; otherwise None.

        Not in a frame: the provider refuses to be shown in one, so a page there leads out of it.
        """
        request = exchange.request
        if (
            request is None
            or request.viewer == "frame"
            or is_partial_request(request)
            or not request.navigation
        ):
            return None
        methods = self._methods(exchange, error)
        if methods is None or seconds_to_refresh(exchange, error) is not None:
            return None
        if isinstance(error, Forbidden) and self.step_up == "explain" and request.navigation:
            return self.responses.step_up(
                error,
                methods,
                request_id=exchange.id,
                request=request,
                identity=exchange.caller.identity,
            )
        target = self.forms.back(request) or target_of(request)
        return await self.login.begin(request, target, acr_values=methods)

    def _methods(self, exchange: Exchange, error: GatewayError) -> tuple[str, ...] | None:
        """The authentication methods to ask for at the login; None where no login helps, or none did a moment ago."""
        session = exchange.caller.session
        if isinstance(error, LoginRequired):
            return tuple(error.facts.get("acr_values", ()))
        if isinstance(error, Forbidden) and session is not None:
            methods = methods_that_help(error.way_out)
            if (
                methods
                and session.identity.acr not in methods
                and not self.login.just_failed(exchange.admitted)
            ):
                return methods
        return None


def _is_whole_form(exchange: Exchange) -> bool:
    """Whether it is a form that a page sent, of which the register has nothing yet."""
    request = exchange.request
    if request is None or is_partial_request(request) or not is_form(request):
        return False
    return exchange.forwarded == "no"


def _kind(response: Response) -> str:
    """What kind of answer an error got: a page, or a document for programs."""
    return "page" if response.headers.get("content-type", "").startswith("text/html") else "document"


def _language(response: Response) -> str:
    return response.headers.get("content-language", "")
