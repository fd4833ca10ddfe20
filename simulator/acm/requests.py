"""Requests as authlib's server grants want to see them: an adapter to Starlette's."""

from __future__ import annotations

from collections import defaultdict
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import OAuth2Payload
from authlib.oauth2.rfc6749.requests import OAuth2Request
from starlette.requests import Request


class Payload(OAuth2Payload):  # type: ignore[misc]
    """The parameters of a request; each with all its values."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._lists: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._lists[name].append(value)
        self._data = {name: values[0] for name, values in self._lists.items()}

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return self._lists


class SimulatedRequest(OAuth2Request):  # type: ignore[misc]
    """A Starlette request. What the grants find out for the token is kept with it."""

    def __init__(self, request: Request, body: bytes) -> None:
        # authlib refuses plain http, which is all there is on one machine: it is only shown an https address.
        super().__init__(
            request.method, str(request.url.replace(scheme="https")), headers=dict(request.headers)
        )
        self.headers = {name.title(): value for name, value in request.headers.items()}
        self._arguments = Payload(parse_qsl(request.url.query, keep_blank_values=True))
        self._posted = Payload(parse_qsl(body.decode("latin-1"), keep_blank_values=True))
        self.payload = self._posted if request.method == "POST" else self._arguments
        self.acr: str | None = None
        self.audience: str | None = None
        self.actor: str | None = None
        self.window_ends: float | None = None

    @property
    def args(self) -> dict[str, str]:
        return self._arguments.data

    @property
    def form(self) -> dict[str, str]:
        return self._posted.data

    def values(self, name: str) -> tuple[str, ...]:
        """The words of a parameter that is a list with spaces."""
        return tuple(self.payload.data.get(name, "").split())
