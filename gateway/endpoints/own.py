"""Joins the gateway's own endpoints with the areas that they stand for. It decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from gateway.auth.login import Login
from gateway.auth.logout import Logout, LogoutCookie
from gateway.endpoints.access import AccessEndpoint
from gateway.endpoints.login import LoginEndpoints
from gateway.endpoints.login_loop import RoundCookie
from gateway.endpoints.logout import LogoutEndpoints
from gateway.endpoints.notices import LogoutNotices
from gateway.endpoints.resume import Resume
from gateway.endpoints.session import SessionEndpoints
from gateway.endpoints.table import endpoint_table
from gateway.events import OnEvent
from gateway.identity.assertions import Assertions
from gateway.pages.render import Pages
from gateway.pages.screens import Screens
from gateway.policy.ruleset import RuleSet
from gateway.session.recheck import Recheck
from gateway.session.sessions import Sessions
from gateway.trail import Endpoint, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class OwnEndpoints:
    """The endpoints by path, and the two that the end of a request needs as well."""

    table: Mapping[str, Endpoint]
    login: LoginEndpoints
    resume: Resume


def own_endpoints(
    environment: str,
    *,
    public_url: str,
    public_host: str,
    form_limit: int,
    login: Login,
    logout: Logout,
    sessions: Sessions,
    rechecks: Recheck,
    assertions: Assertions,
    pages: Pages,
    on_event: OnEvent,
    rules: Callable[[], RuleSet],
    clock: Callable[[], float],
    again: Callable[[Scope, Receive, Send], Awaitable[None]],
) -> OwnEndpoints:
    """The endpoints of one environment. `form_limit` is in octets; `again` is the gateway, from its first step."""
    secure = public_url.startswith("https://")
    screens = Screens(pages, public_url=public_url)
    rounds = RoundCookie(environment=environment, secure=secure)
    begin = LoginEndpoints(
        login,
        sessions,
        rounds,
        on_event,
        clock=clock,
        public_url=public_url,
        public_host=public_host,
    )
    leaving = LogoutCookie(environment=environment, secure=secure)
    ways_out = LogoutEndpoints(logout, leaving, sessions, rounds, screens, on_event)
    resume = Resume(sessions, screens, limit=form_limit, secure=secure, again=again)
    table = endpoint_table(
        begin,
        ways_out,
        LogoutNotices(logout, sessions, on_event),
        SessionEndpoints(sessions, rechecks, assertions, clock),
        AccessEndpoint(sessions, screens, rules),
        resume,
    )
    return OwnEndpoints(table, begin, resume)
