"""Addresses that pages lead to: a login that comes back, another organisation, the page that sent a request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from gateway.model import CanonicalRequest

_LONGEST_REFERER: Final = 2_000
# As it stands in a query: servers in front take 8 kB of an address.
_LONGEST_BACK: Final = 7_500


def link_to(target: str, public_url: str) -> str:
    """A link to a page of this site: browsers read two slashes as the beginning of another site (RFC 3986 4.2)."""
    return public_url + target if target.startswith("//") else target


def login_url(back: str, acr_values: Iterable[str] = ()) -> str:
    """Where a login begins that comes back to a path, with one of these authentication methods."""
    wanted = "+".join(quote(urn, safe="") for urn in acr_values)
    return f"/oauth2/start?rd={_in_query(back)}{f'&acr_values={wanted}' if wanted else ''}"


def switch_url(back: str, *, organisation: str | None = None, doelgroep: str | None = None) -> str:
    """Where somebody chooses another identity and comes back; that one, where organisation and doelgroep are known."""
    identity = (
        f"&doelgroep={quote(doelgroep, safe='')}&organisation={quote(organisation, safe='')}"
        if organisation and doelgroep
        else ""
    )
    return f"/oauth2/switch?rd={_in_query(back)}{identity}"


def _in_query(back: str) -> str:
    """A path to come back to, as a value in a query; "/" for one that is too long for an address in an address."""
    return quoted_back(back) or "%2F"


def quoted_back(back: str) -> str | None:
    """A path to come back to, as a value in a query; None for one that is too long."""
    quoted = quote(back, safe="") if len(back) <= _LONGEST_BACK else ""
    return quoted if 0 < len(quoted) <= _LONGEST_BACK else None


def page_of(request: CanonicalRequest, public_url: str) -> str | None:
    """The page of this site that sent a request, by its Referer; None if that is not certain."""
    referer = request.header(b"referer")
    if referer is None or len(referer) > _LONGEST_REFERER:
        return None
    page = referer.decode("ascii", "replace")
    back = page.removeprefix(public_url)
    plain = page.isascii() and page.isprintable() and not set(page) & set(' \\"<>')
    return back if plain and back != page and back.startswith("/") and not back.startswith("//") else None


def may_be_framed(request: CanonicalRequest) -> bool:
    """Whether the page that answers may be shown in a frame of this site. A service worker that passes a request on
    doesn't say what it is for.
    """
    return request.viewer == "frame" or request.header(b"sec-fetch-dest") == b"empty"
