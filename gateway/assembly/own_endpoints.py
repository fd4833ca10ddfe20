"""The gateway's own endpoints, and the login that the refusals send people to."""

from __future__ import annotations

from gateway.analysis.access import access_of
from gateway.assembly.areas import Areas
from gateway.assembly.environment import Environment
from gateway.auth.logout import Logout, LogoutCookie
from gateway.client_limits import ClientLimits
from gateway.endpoints.access import AccessEndpoint
from gateway.endpoints.bar import BarEndpoints
from gateway.endpoints.bound import BoundEndpoints
from gateway.endpoints.fragment import FragmentPage
from gateway.endpoints.kept_forms import KeptForms
from gateway.endpoints.language import LanguageEndpoint
from gateway.endpoints.login import LoginEndpoints
from gateway.endpoints.login_loop import LoopCookie
from gateway.endpoints.logout import LogoutEndpoints
from gateway.endpoints.notices import LogoutNotices
from gateway.endpoints.own_sessions import OwnSessionsEndpoint
from gateway.endpoints.parallel_logins import ParallelLogins
from gateway.endpoints.robots import Robots
from gateway.endpoints.session import SessionEndpoints
from gateway.endpoints.signals import SignalsEndpoint
from gateway.endpoints.table import OwnEndpoints
from gateway.pages.access import MyAccess
from gateway.pages.render import Pages
from gateway.pages.screens import Screens


def own_endpoints(
    environment: Environment, areas: Areas, pages: Pages, screens: Screens, forms: KeptForms, host: str
) -> tuple[LoginEndpoints, OwnEndpoints]:
    """The login, and all endpoints with it; `host` is the public one."""
    settings, events, clock = environment.settings, environment.events, environment.clock
    public_url, steady = settings.public_url, environment.steady
    people, rules = areas.people, areas.rules.reload.rules
    sessions, secure = people.sessions, environment.secure
    bound = BoundEndpoints.of(sessions, events, clock=clock, steady=steady, public_url=public_url)
    loop = LoopCookie(environment=environment.name, secure=secure)
    login = _login(environment, areas, screens, host, loop, bound)
    logout = Logout(people.provider, public_url=public_url)
    session = SessionEndpoints(
        sessions, people.rechecks, areas.register.assertions, people.login.client.jwks, clock
    )
    endpoints = OwnEndpoints(
        login=login,
        logout=LogoutEndpoints(
            logout,
            LogoutCookie(environment=environment.name, secure=secure),
            sessions,
            loop,
            screens,
            events,
            areas.register.expired_cookies,
        ),
        notices=LogoutNotices(logout, sessions, events),
        session=session,
        access=AccessEndpoint(
            sessions, MyAccess(pages, public_url=public_url), rules, access_of, clock, steady
        ),
        own=OwnSessionsEndpoint(sessions, events, clock),
        forms=forms,
        fragment=FragmentPage(screens.login_title),
        language=LanguageEndpoint(environment.name, secure, pages.languages.offered),
        robots=Robots(rules),
        bar=BarEndpoints.of(pages, settings.session_bar, session),
        signals=_signals(environment, areas),
        bound=bound,
    )
    return login, endpoints


def _login(
    environment: Environment,
    areas: Areas,
    screens: Screens,
    host: str,
    loop: LoopCookie,
    bound: BoundEndpoints | None,
) -> LoginEndpoints:
    provider = environment.settings.provider
    limit = provider.login_limit
    return LoginEndpoints(
        areas.people.login,
        areas.people.sessions,
        loop,
        environment.events,
        clock=environment.clock,
        public_url=environment.settings.public_url,
        public_host=host,
        limits=ClientLimits(limit.burst, limit.every, steady=environment.steady),
        parallel=ParallelLogins(areas.people.sessions),
        screens=screens,
        keep_fragment=provider.keep_fragment,
        invitation=bound.invitation if bound is not None else None,
    )


def _signals(environment: Environment, areas: Areas) -> SignalsEndpoint | None:
    transmitters = areas.people.transmitters
    if transmitters is None:
        return None
    limit = transmitters.limit
    limits = ClientLimits(limit.burst, limit.every, steady=environment.steady)
    return SignalsEndpoint(transmitters, areas.people.sessions, limits, environment.events)
