"""The login as people see it: how to prove who one is, who one is, and in which capacity. Then back to the application."""

from __future__ import annotations

import secrets
from typing import Final
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from jinja2 import Environment
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from simulator.acm.answering import MODES, send_back
from simulator.acm.capacities import DOELGROEPEN, Capacity, Chosen, capacities, narrowed
from simulator.acm.clients import Client
from simulator.acm.logins import Login, SignedOn
from simulator.acm.means import Means, offered
from simulator.acm.requests import SimulatedRequest
from simulator.acm.server import Provider
from simulator.acm.state import AcmState
from simulator.data.people import Person
from simulator.faults.catalogue import ACCESS_DENIED
from simulator.numbers import is_bis
from simulator.web import page

_EXPIRED: Final = "Deze aanmelding is verlopen of al afgerond. Begin opnieuw vanuit de toepassing."
_UNREGISTERED: Final = (
    "De toepassing, of het adres waarnaar ze wil terugkeren, is niet bij ACM geregistreerd. "
    "Een adres moet letter voor letter gelijk zijn aan het adres in het integratiedossier."
)
_UNREGISTERED_LOGOUT: Final = (
    "Het adres waarnaar u na het afmelden terugkeert, is niet bij ACM geregistreerd voor deze toepassing."
)
_SWITCH_NEEDS: Final = "Wisselen van hoedanigheid kan alleen met client_id en post_logout_redirect_uri."


class LoginPages:
    """The pages between an authorization request and its answer, and the logout."""

    def __init__(self, state: AcmState, provider: Provider, pages: Environment) -> None:
        self._state = state
        self._provider = provider
        self._pages = pages
        # Browsers share the cookies of localhost between ports: the names tell the environments apart.
        self._browser_cookie = f"acm-{state.environment}-browser"
        self._sso_cookie = f"acm-{state.environment}-sso"

    async def authorize(self, request: Request) -> Response:
        """Check the request, then let the person log in; who did so before passes through."""
        asked = SimulatedRequest(request, b"")
        client = self._state.client(asked.args.get("client_id", ""))
        if client is None or not client.check_redirect_uri(asked.args.get("redirect_uri", "")):
            return self._refused(_UNREGISTERED)
        means = offered(client.means, asked.values("acr_values"))
        signed_on = self._state.logins.signed_on(request.cookies.get(self._sso_cookie))
        if signed_on is not None and signed_on.means not in means:
            signed_on = None
        trouble = self._trouble(asked, client, signed_on)
        if trouble is not None:
            return self._error(asked, *trouble)
        if not means:
            return self._error(asked, "unmet_authentication_requirements")
        browser = request.cookies.get(self._browser_cookie) or secrets.token_urlsafe(24)
        login = self._state.logins.begin(browser, asked, means)
        if signed_on is None or "login" in asked.values("prompt"):
            one = {"means": means[0].name} if len(means) == 1 else {}
            answer: Response = _to("/op/login", login, **one)
        else:
            answer = self._proven(login, signed_on)
        answer.set_cookie(self._browser_cookie, browser, httponly=True, samesite="lax", path="/op")
        return answer

    def _trouble(
        self, asked: SimulatedRequest, client: Client, signed_on: SignedOn | None
    ) -> tuple[str, str | None] | None:
        """What is wrong with a request, as error and description: found before anybody logs in."""
        if asked.args.get("response_mode", "query") not in MODES:
            return "invalid_request", "The response_mode is not supported."
        if set(asked.values("scope")) - set(client.scopes):
            return "invalid_scope", None
        try:
            # Whether the browser is logged in decides what `prompt=none` means.
            self._provider.get_consent_grant(asked, signed_on)
        except OAuth2Error as problem:
            return str(problem.error), problem.description
        return None

    async def login(self, request: Request) -> Response:
        """First the means, then the person."""
        values = await _values(request)
        login = self._find(request, values)
        if login is None:
            return self._refused(_EXPIRED)
        means = next((each for each in login.means if each.name == values.get("means")), None)
        if request.method == "POST":
            means = means or login.means[0]
            person, fault = self._person(means, values)
            if person is not None:
                cookie, signed_on = self._state.logins.sign_on(person.persona, means)
                answer = self._proven(login, signed_on)
                answer.set_cookie(self._sso_cookie, cookie, httponly=True, samesite="lax", path="/op")
                return answer
            return self._persons(login, means, number=str(values.get("number", "")), fault=fault)
        if means is None:
            return page(self._pages, "means.html", login=login, client=login.asked.client)
        return self._persons(login, means)

    async def capacity(self, request: Request) -> Response:
        """The choice of doelgroep and organisation."""
        values = await _values(request)
        login = self._find(request, values)
        if login is None or login.signed_on is None:
            return self._refused(_EXPIRED)
        found = self._capacities(login, login.signed_on.persona)
        if request.method == "POST":
            organisation, doelgroep = values.get("organisation"), values.get("doelgroep")
            for each in found:
                if (each.code == organisation) if organisation else each == Capacity(str(doelgroep)):
                    return self._answer(login, login.signed_on.persona, each)
        return self._choice(login, login.signed_on.persona, found)

    async def logout(self, request: Request) -> Response:
        """End ACM's own session; with `switch` only go back, to choose a capacity again (page "switch identiteit")."""
        query = request.query_params
        target, switch = query.get("post_logout_redirect_uri"), "switch" in query
        client = self._state.client(query.get("client_id", ""))
        if switch and (target is None or client is None):
            return self._refused(_SWITCH_NEEDS)
        if target is not None and (client is None or target not in client.post_logout_redirect_uris):
            return self._refused(_UNREGISTERED_LOGOUT)
        cookie = request.cookies.get(self._sso_cookie)
        if not switch:
            self._state.logins.sign_off(cookie)
        if target is None:
            answer: Response = page(self._pages, "logged_out.html")
        else:
            back = {"redirect_uri": target, **({"state": query["state"]} if "state" in query else {})}
            answer = send_back(self._pages, back, {})
        if not switch:
            answer.delete_cookie(self._sso_cookie, path="/op", httponly=True, samesite="lax")
        return answer

    def _find(self, request: Request, values: FormData | dict[str, str]) -> Login | None:
        browser = request.cookies.get(self._browser_cookie)
        return self._state.logins.find(str(values.get("request", "")), browser)

    def _person(self, means: Means, values: FormData | dict[str, str]) -> tuple[Person | None, str | None]:
        """Who the form is about, or what is wrong with it."""
        holders = self._holders(means)
        persona = values.get("persona")
        number = "".join(sign for sign in str(values.get("number", "")) if sign.isdigit())
        for person in holders:
            if person.persona == persona or (persona is None and person.number == number):
                return person, None
        return None, "Niemand in deze simulatie kan zich met dit nummer en dit middel aanmelden."

    def _holders(self, means: Means) -> list[Person]:
        people = self._state.people().people.values()
        return [each for each in people if means.foreign is None or is_bis(each.number) == means.foreign]

    def _capacities(self, login: Login, persona: str) -> tuple[Capacity, ...]:
        found = capacities(self._state.people(), persona, login.asked.client)
        return narrowed(found, login.asked.args.get("login_hint"))

    def _proven(self, login: Login, signed_on: SignedOn) -> Response:
        """Onward after the person: a choice only where there is one."""
        login.signed_on = signed_on
        persona = signed_on.persona
        if persona not in self._state.people().people:
            return self._refused(_EXPIRED)
        found = self._capacities(login, persona)
        if len(found) == 1:
            return self._answer(login, persona, found[0])
        if "none" in login.asked.values("prompt"):
            return self._error(login.asked, "interaction_required")
        return _to("/op/capacity", login)

    def _answer(self, login: Login, persona: str, capacity: Capacity) -> Response:
        self._state.logins.finish(login)
        if self._state.faults.is_on(ACCESS_DENIED):
            return self._error(login.asked, "access_denied")
        chosen = Chosen(persona, capacity.doelgroep, capacity.code)
        code = self._provider.issue_code(login.asked, chosen, login.acr)
        return send_back(self._pages, login.asked.args, {"code": code})

    # Pages

    def _persons(self, login: Login, means: Means, *, number: str = "", fault: str | None = None) -> Response:
        return page(
            self._pages, "person.html", status=422 if fault else 200, login=login, client=login.asked.client,
            means=means, people=self._holders(means), number=number, fault=fault,
        )  # fmt: skip

    def _choice(self, login: Login, persona: str, found: tuple[Capacity, ...]) -> Response:
        args, client = login.asked.args, login.asked.client
        if not found:
            back = send_back(
                self._pages, {**args, "response_mode": "query"}, {"error": "access_denied"}
            ).headers["location"]
            return page(self._pages, "no_capacity.html", status=403, client=client, back=back)
        person = self._state.people().people[persona]
        return page(
            self._pages, "capacity.html", login=login, client=client, person=person, capacities=found,
            doelgroepen={each.doelgroep: DOELGROEPEN[each.doelgroep] for each in found},
        )  # fmt: skip

    def _refused(self, words: str) -> Response:
        return page(self._pages, "refused.html", status=400, words=words)

    def _error(self, asked: SimulatedRequest, error: str, description: str | None = None) -> Response:
        about = {"error_description": description} if description else {}
        return send_back(self._pages, asked.args, {"error": error, **about})


async def _values(request: Request) -> FormData | dict[str, str]:
    if request.method == "POST":
        return await request.form(max_files=0, max_fields=20)
    return dict(request.query_params)


def _to(path: str, login: Login, **more: str) -> Response:
    return RedirectResponse(f"{path}?{urlencode({'request': login.ticket, **more})}", 303)
