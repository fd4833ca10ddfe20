"""ACM over HTTP: discovery, keys, the login with its choices, the token endpoint, userinfo and logout."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from simulator.acm.server import Provider, SimulatedRequest
from simulator.acm.state import SSO_SECONDS, AcmState, Chosen
from simulator.web import STATIC, page, templates

_SSO_COOKIE = "acm-sim-sso"


def create_acm(state: AcmState) -> Starlette:
    """The ASGI application of one environment's ACM."""
    acm = _Acm(state)
    routes = [
        Route("/", acm.home),
        Route("/health", acm.health),
        Route("/op/.well-known/openid-configuration", acm.discovery),
        Route("/op/v1/keys", acm.keys),
        Route("/op/v1/auth", acm.authorize),
        Route("/op/login", acm.choose_person, methods=["GET", "POST"]),
        Route("/op/organisation", acm.choose_organisation, methods=["GET", "POST"]),
        Route("/op/v1/token", acm.token, methods=["POST"]),
        Route("/op/v1/userinfo", acm.userinfo, methods=["GET", "POST"]),
        Route("/op/v1/logout", acm.logout),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Starlette(routes=routes)


class _Acm:
    def __init__(self, state: AcmState) -> None:
        self.state = state
        self.provider = Provider(state)
        self.pages = templates(
            Path(__file__).parent / "templates",
            system="Authenticatie Vlaanderen",
            environment=state.environment,
        )

    async def health(self, request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def home(self, request: Request) -> Response:
        return page(self.pages, "home.html", people=self.state.people(), issuer=self.state.issuer)

    async def discovery(self, request: Request) -> Response:
        """As ACM publishes it: private_key_jwt works but is not listed, nor is any scope but openid."""
        issuer = self.state.issuer
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/v1/auth",
                "token_endpoint": f"{issuer}/v1/token",
                "userinfo_endpoint": f"{issuer}/v1/userinfo",
                "jwks_uri": f"{issuer}/v1/keys",
                "end_session_endpoint": f"{issuer}/v1/logout",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query", "fragment", "form_post"],
                "grant_types_supported": ["authorization_code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "code_challenge_methods_supported": ["plain", "S256"],
            }
        )

    async def keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [self.state.key.as_dict(private=False)]})

    # The login

    async def authorize(self, request: Request) -> Response:
        """Check the request, then let the person say who they are; who did so before passes through."""
        asked = SimulatedRequest(request, b"")
        client = self.state.client(asked.args.get("client_id", ""))
        if client is None or not client.check_redirect_uri(asked.args.get("redirect_uri", "")):
            words = "De toepassing of het adres waarnaar ze wil terugkeren, is niet bij ACM geregistreerd."
            return page(self.pages, "refused.html", status=400, words=words)
        if set(asked.args.get("scope", "").split()) - set(client.scopes):
            return self._back(asked.args, error="invalid_scope")
        try:
            grant = self.provider.get_consent_grant(asked)
        except OAuth2Error as problem:
            return self._back(asked.args, error=str(problem.error))
        if grant.request.client.client_id != client.client_id:
            return self._back(asked.args, error="invalid_request")
        ticket = secrets.token_urlsafe(24)
        self.state.pending[ticket] = {"query": request.url.query, "client": client.name}
        known = self._known(request)
        if known is not None:
            self.state.pending[ticket]["persona"] = known
            return self._after_person(request, ticket)
        return RedirectResponse(f"/op/login?{urlencode({'request': ticket})}", 302)

    async def choose_person(self, request: Request) -> Response:
        ticket, pending = await self._pending(request)
        if pending is None:
            words = "Deze aanmelding is verlopen. Begin opnieuw vanuit de toepassing."
            return page(self.pages, "refused.html", status=400, words=words)
        people = self.state.people()
        if request.method == "POST":
            persona = str((await request.form()).get("persona", ""))
            if persona in people.people:
                pending["persona"] = persona
                return self._after_person(request, ticket)
        return page(self.pages, "person.html", people=people, ticket=ticket, client=pending["client"])

    async def choose_organisation(self, request: Request) -> Response:
        ticket, pending = await self._pending(request)
        if pending is None or "persona" not in pending:
            words = "Deze aanmelding is verlopen. Begin opnieuw vanuit de toepassing."
            return page(self.pages, "refused.html", status=400, words=words)
        relations = self.state.people().relations(pending["persona"])
        if request.method == "POST":
            code = str((await request.form()).get("organisation", ""))
            if code in {relation.organisation.code for relation in relations}:
                return self._answer(request, ticket, code)
        person = self.state.people().people[pending["persona"]]
        return page(
            self.pages,
            "organisation.html",
            relations=relations,
            person=person,
            ticket=ticket,
            client=pending["client"],
        )

    def _after_person(self, request: Request, ticket: str) -> Response:
        persona = self.state.pending[ticket]["persona"]
        answer: Response = RedirectResponse(f"/op/organisation?{urlencode({'request': ticket})}", 303)
        relations = self.state.people().relations(persona)
        if len(relations) <= 1:
            answer = self._answer(request, ticket, relations[0].organisation.code if relations else None)
        session = secrets.token_urlsafe(32)
        if self._known(request) is None:
            self.state.browsers[session] = (persona, self.state.clock() + SSO_SECONDS)
            answer.set_cookie(_SSO_COOKIE, session, httponly=True, samesite="lax", path="/op")
        return answer

    def _answer(self, request: Request, ticket: str, organisation: str | None) -> Response:
        """Back to the application with a code."""
        pending = self.state.pending.pop(ticket)
        scope = {**request.scope, "method": "GET", "query_string": pending["query"].encode()}
        asked = SimulatedRequest(Request(scope), b"")
        grant = self.provider.get_consent_grant(asked)
        chosen = Chosen(pending["persona"], organisation)
        answer: Response = self.provider.create_authorization_response(asked, grant_user=chosen, grant=grant)
        answer.status_code = 303 if request.method == "POST" else 302
        return answer

    async def _pending(self, request: Request) -> tuple[str, dict[str, Any] | None]:
        ticket = request.query_params.get("request", "")
        if request.method == "POST":
            ticket = str((await request.form()).get("request", ""))
        return ticket, self.state.pending.get(ticket)

    def _known(self, request: Request) -> str | None:
        persona, until = self.state.browsers.get(request.cookies.get(_SSO_COOKIE, ""), ("", 0.0))
        return persona if until > self.state.clock() else None

    def _back(self, args: dict[str, str], **answer: str) -> Response:
        if "state" in args:
            answer["state"] = args["state"]
        return RedirectResponse(f"{args['redirect_uri']}?{urlencode(answer)}", 302)

    # What applications call

    async def token(self, request: Request) -> Response:
        asked = SimulatedRequest(request, await request.body())
        answer: Response = self.provider.create_token_response(asked)
        return answer

    async def userinfo(self, request: Request) -> Response:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        token = self.state.tokens.get(value)
        if kind.lower() != "bearer" or token is None or token.expires_at <= self.state.clock():
            return JSONResponse(
                {"error": "invalid_token"}, 401, {"www-authenticate": 'Bearer error="invalid_token"'}
            )
        return JSONResponse(self.state.claims(token.user, token.scope))

    async def logout(self, request: Request) -> Response:
        """End ACM's own session, or with `switch` only offer the choice of identity again."""
        query = request.query_params
        target = query.get("post_logout_redirect_uri")
        client = self.state.client(query.get("client_id", ""))
        if target is not None and (client is None or target not in client.post_logout_redirect_uris):
            words = "Het adres waarnaar u na het afmelden terugkeert, is niet bij ACM geregistreerd."
            return page(self.pages, "refused.html", status=400, words=words)
        if "switch" not in query:
            self.state.browsers.pop(request.cookies.get(_SSO_COOKIE, ""), None)
        if target is None:
            return page(self.pages, "logged_out.html")
        state = f"?{urlencode({'state': query['state']})}" if "state" in query else ""
        return RedirectResponse(f"{target}{state}", 302)
