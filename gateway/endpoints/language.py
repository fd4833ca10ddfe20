"""/oauth2/language: somebody chooses the language of the gateway's own pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from starlette.requests import Request

from gateway.cookies import LANGUAGE, Cookie
from gateway.edge.forms import is_same_origin
from gateway.endpoints.requests import exchange_of, query_value
from gateway.endpoints.return_path import safe_target
from gateway.errors import BadRequest
from gateway.model import Language
from gateway.responses import Response, redirect

# A year, in seconds.
_KEPT_SECONDS = 31_536_000
# The own pages that can be shown again.
_PAGES = frozenset(("/oauth2/access",))


@dataclass(frozen=True, slots=True)
class LanguageEndpoint:
    """Keeps the chosen language in the browser. `secure` is whether the site is on https, `offered` the languages."""

    environment: str
    secure: bool
    offered: Collection[Language]

    async def choose(self, request: Request) -> Response:
        """Show the page `rd` again in the language `lang`. Raises BadRequest for a language that is not offered."""
        chosen, back = query_value(request, "lang"), query_value(request, "rd") or "/"
        if chosen not in self.offered:
            raise BadRequest("a language that is not offered", code="language")
        target = back if back in _PAGES else safe_target(back)
        # Another site changes nothing; its link leads to the page all the same.
        if not is_same_origin(exchange_of(request).admitted, if_unknown=True):
            return redirect(target)
        cookie = Cookie.of(self.environment, LANGUAGE, secure=self.secure)
        return redirect(target, (cookie.set(str(chosen), max_age=_KEPT_SECONDS),))
