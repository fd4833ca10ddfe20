"""/oauth2/fragment: takes the fragment of a page along into the login.

A browser never sends the fragment of an address (`#/details/5`), and the provider's pages lose it. It does carry it along
with redirects of this site, so that this page finds it in its own address.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from urllib.parse import quote

from starlette.requests import Request

from gateway.endpoints.requests import exchange_of
from gateway.endpoints.return_path import is_safe_target
from gateway.model import CanonicalRequest, Language
from gateway.responses import Response

PATH = "/oauth2/fragment"
START = "/oauth2/start"
# Servers in front pass 8 kB of an address on; each octet may become three.
_LONGEST = 2_500
# The target comes last in the query, so that the fragment goes on as a part of it.
_SCRIPT = (
    f"var h=location.hash;location.replace('{START}'+location.search+"
    "(h.length>1000?'':encodeURIComponent(h)))"
)
# Nothing to see while the script works; a browser that takes longer, or runs none, shows the link.
_STYLE = (
    "body{font:1.125rem/1.5 sans-serif;margin:1rem;overflow-wrap:anywhere;animation:show 0s 2s backwards}"
    "h1{font-size:1.6rem}"
    "a{color:inherit}@keyframes show{from{visibility:hidden}}"
)


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


_GUARD = (
    (
        b"content-security-policy",
        f"default-src 'none'; script-src {_hash(_SCRIPT)}; style-src {_hash(_STYLE)}; "
        "base-uri 'none'; frame-ancestors 'none'".encode(),
    ),
    (b"vary", b"accept-language"),
)


def start_query(target: str, acr_values: Sequence[str] = ()) -> str:
    """The query of /oauth2/start for this login, with the target at its end."""
    methods = f"acr_values={quote('+'.join(acr_values), safe='+')}&" if acr_values else ""
    return f"{methods}rd={quote(target, safe='')}"


def may_have_fragment(request: CanonicalRequest, target: str) -> bool:
    """Whether a browser that runs scripts shows this page: the login then begins with a page of ours.

    Programs that call themselves a browser as far as the login needs go straight to the provider.
    """
    return (
        request.method == "GET"
        and request.header(b"sec-fetch-dest") == b"document"
        and request.header(b"upgrade-insecure-requests") == b"1"
        and len(target) <= _LONGEST
        and "#" not in target
        and is_safe_target(target)
    )


@dataclass(frozen=True, slots=True)
class FragmentPage:
    """A page that at once goes on to the login, with a link for browsers without scripts. `words` gives its title."""

    words: Callable[[Language], str]

    async def page(self, request: Request) -> Response:
        """The same page for every query: /oauth2/start judges what is in it."""
        language = exchange_of(request).admitted.language
        return self.content(language, quote(request.scope["query_string"], safe="=&%+:/?@!$()*,;~-._"))

    def content(self, language: Language, query: str) -> Response:
        """The page in a language, which leads to /oauth2/start with this query."""
        link, title = escape(f"{START}?{query}"), escape(self.words(language))
        page = (
            f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
            f'<meta name="color-scheme" content="light dark"><title>{title}</title><style>{_STYLE}</style>'
            f"<script>{_SCRIPT}</script>"
            f'<noscript><meta http-equiv="refresh" content="0;url={link}"></noscript></head>'
            f'<body><main><h1>{title}</h1><p><a href="{link}">{title}</a></p></main></body></html>'
        )
        return Response(page.encode("utf-8"), media_type="text/html", lines=_GUARD)
