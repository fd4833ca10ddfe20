"""Tokens for APIs: for a machine (client credentials), or for a person whose application hands its token on (RFC 8693).

ACM pages "REST server2server" and "token exchange". It decides for which API a token is; what the API does with it,
is the API's business.
"""

from __future__ import annotations

from typing import Any, Final

from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import BaseGrant, ClientCredentialsGrant, TokenEndpointMixin

from simulator.acm.capacities import Chosen, capacities
from simulator.acm.clients import Client
from simulator.acm.grants import AUTH_METHODS
from simulator.acm.records import AccessToken
from simulator.acm.state import AcmState

_ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"
_REFRESH_TOKEN: Final = "urn:ietf:params:oauth:token-type:refresh_token"


class InvalidTargetError(OAuth2Error):  # type: ignore[misc]
    """An audience or resource that ACM does not know (RFC 8707, section 2)."""

    error = "invalid_target"


class MachineGrant(ClientCredentialsGrant):  # type: ignore[misc]
    """A token for the caller itself, or for the API that `audience` (its client id) or `resource` (its URL) names."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_token_request(self) -> None:
        super().validate_token_request()
        client: Client = self.request.client
        api = _api(self.server.state, self.request.form)
        self.request.audience = (api or client).client_id
        asked = self.request.values("scope") or client.default_scopes
        if not asked or set(asked) - set(client.scopes):
            raise InvalidScopeError()
        self.request.scope = " ".join(asked)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        token = self.generate_token(scope=self.request.scope, include_refresh_token=False)
        self.save_token(token)
        return 200, token, self.TOKEN_RESPONSE_HEADER


class ExchangeGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """Trades a person's token of a trusted application for one that the API accepts."""

    GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_token_request(self) -> None:
        client: Client = self.authenticate_token_endpoint_client()
        self.request.client = client
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is not authorized to exchange tokens.")
        state: AcmState = self.server.state
        form = self.request.form
        api = _api(state, form)
        if api is None:
            raise InvalidRequestError("One of 'audience' and 'resource' is required.")
        if client.client_id not in api.trusts:
            raise InvalidTargetError("This API does not trust the client.")
        if form.get("requested_token_type", _ACCESS_TOKEN) != _ACCESS_TOKEN:
            raise InvalidRequestError("Only access tokens are handed out.")
        user, scope = self._subject(state, client, form)
        held = capacities(state.people(), user.persona, api)
        if not any(
            each.doelgroep == user.doelgroep and user.organisation in (None, each.code) for each in held
        ):
            raise AccessDeniedError("This person may not use this API.")
        asked = self.request.values("scope") or tuple(each for each in scope.split() if each in api.scopes)
        if not asked or set(asked) - set(api.scopes):
            raise InvalidScopeError()
        self.request.user, self.request.audience = user, api.client_id
        self.request.scope, self.request.actor = " ".join(asked), self._actor(state, client, form)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        token = self.generate_token(
            user=self.request.user, scope=self.request.scope, include_refresh_token=False
        )
        self.save_token(token)
        return 200, {**token, "issued_token_type": _ACCESS_TOKEN}, self.TOKEN_RESPONSE_HEADER

    def _subject(self, state: AcmState, client: Client, form: dict[str, str]) -> tuple[Chosen, str]:
        value, kind = form.get("subject_token", ""), form.get("subject_token_type")
        if kind == _ACCESS_TOKEN:
            token = _own(state, client, value)
            if token is not None and token.user is not None:
                return token.user, token.scope
        elif kind == _REFRESH_TOKEN:
            found = state.refresh_tokens.get(value)
            live = found is not None and found.check_client(client) and found.window_ends > state.clock()
            if found is not None and live and found.user.persona in state.people().people:
                return found.user, found.scope
        else:
            raise InvalidRequestError("The 'subject_token_type' is missing or not supported.")
        raise InvalidGrantError("The subject token is not a valid token of this client for a person.")

    def _actor(self, state: AcmState, client: Client, form: dict[str, str]) -> str | None:
        if "actor_token" not in form and "actor_token_type" not in form:
            return None
        if form.get("actor_token_type") != _ACCESS_TOKEN:
            raise InvalidRequestError("The 'actor_token_type' is missing or not supported.")
        token = _own(state, client, form.get("actor_token", ""))
        if token is None:
            raise InvalidGrantError("The actor token is not a valid token of this client.")
        return token.client_id if token.user is None else str(state.claims(token.user, "")["sub"])


def _own(state: AcmState, client: Client, value: str) -> AccessToken | None:
    token = state.token(value)
    return token if token is not None and token.client_id == client.client_id else None


def _api(state: AcmState, form: dict[str, str]) -> Client | None:
    """The API that a request names; None where it names none. Raises InvalidTargetError."""
    audience, resource = form.get("audience"), form.get("resource")
    if audience is not None and resource is not None:
        raise InvalidRequestError("Write 'audience' or 'resource', not both.")
    if audience is None and resource is None:
        return None
    for client in state.clients:
        if client.client_id == audience or resource in client.resources:
            return client
    raise InvalidTargetError("ACM does not know this API.")
