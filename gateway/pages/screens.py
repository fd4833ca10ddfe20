"""The gateway's own pages that are not errors: logged out, send a kept form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from gateway.http_semantics import HeaderLine
from gateway.model import CanonicalRequest, Language
from gateway.pages.catalogue import message
from gateway.pages.links import link_to, login_url, may_be_framed, page_of
from gateway.pages.outcome import KeptNote
from gateway.pages.render import Pages
from gateway.pages.spoken import spoken_hour, spoken_size
from gateway.responses import Response, cookie_lines

WhyNotKept = Literal["too-large", "off", "stranger", "no-room", "trouble"]
_WHY_NOT: Mapping[WhyNotKept, str] = {
    "too-large": message("We could not keep it either: with its files it is larger than %(size)s."),
    "off": message("This service does not keep forms."),
    "stranger": message("We could not keep it either, because we do not know who filled it in."),
    "no-room": message("We could not keep it either: too many forms are waiting at the moment."),
    "trouble": message("We could not keep it either, because of a failure on our side."),
}
# RFC 9110 section 11.6.1: a 401 has one.
_CHALLENGE = (b"www-authenticate", b"Bearer")


class Screens:
    """The gateway's own pages other than errors, in the language of the reader."""

    def __init__(self, pages: Pages, *, public_url: str) -> None:
        self._pages = pages
        self._public_url = public_url.rstrip("/")

    def logged_out(
        self,
        language: Language,
        *,
        everywhere: bool,
        request_id: str | None = None,
        lines: Iterable[HeaderLine] = (),
    ) -> Response:
        """The page after a logout; `everywhere` says whether the provider's session ended too."""
        _ = self._pages.gettext(language)
        words = (
            message("You are logged out here and at the login service of the Flemish government.")
            if everywhere
            else message(
                "You are logged out here. At the login service of the Flemish government you may still be logged in."
            )
        )
        return self._pages.page(
            "logged_out.html",
            language,
            title=_("You are logged out"),
            request_id=request_id,
            lines=lines,
            words=_(words),
        )

    def address_lost(
        self, language: Language, *, request_id: str | None = None, lines: Iterable[HeaderLine] = ()
    ) -> Response:
        """The page after a login whose own page had an address that was too long to keep."""
        title = self._pages.gettext(language)(message("You are logged in"))
        return self._pages.page(
            "address_lost.html", language, title=title, request_id=request_id, lines=lines
        )

    def login_title(self, language: Language) -> str:
        """The title of the page that goes on to the login."""
        return self._pages.gettext(language)("Log in")

    def form_waits(
        self,
        language: Language,
        *,
        what: str,
        note: KeptNote,
        name: str | None = None,
        organisation: str | None = None,
        acr_values: Sequence[str] = (),
        request_id: str | None = None,
        set_cookies: Sequence[str] = (),
        in_frames: bool = False,
    ) -> Response:
        """For a form that met an ended session and is kept: what to do. The link is a GET, which no CSP holds up.

        `what` is the form's name for people, `name` and `organisation` are those of whoever filled it in.
        """
        _ = self._pages.gettext(language)
        title = (
            message("Log in to send your form")
            if not acr_values
            else message("Log in once more to send your form")
        )
        return self._pages.page(
            "form_waits.html",
            language,
            title=_(title),
            status=401,
            request_id=request_id,
            lines=(_CHALLENGE, *cookie_lines(set_cookies)),
            what=what,
            name=name,
            organisation=organisation,
            in_frames=in_frames,
            until=spoken_hour(note.until, language),
            login_url=login_url(note.url, acr_values),
        )

    def form_not_kept(
        self,
        request: CanonicalRequest,
        *,
        reason: WhyNotKept,
        limit: int | None = None,
        acr_values: Sequence[str] = (),
        request_id: str | None = None,
    ) -> Response:
        """For a form that met an ended session and is not kept: how the browser itself can send it again.

        `limit` is the largest form that is kept, in octets.
        """
        language = request.language
        _ = self._pages.gettext(language)
        return self._pages.page(
            "form_not_kept.html",
            language,
            title=_("Your form has not been sent"),
            status=401,
            request_id=request_id,
            lines=(_CHALLENGE,),
            in_frames=may_be_framed(request),
            why=_(_WHY_NOT[reason]) % {"size": spoken_size(limit or 0, language)},
            login_url=login_url(page_of(request, self._public_url) or "/", acr_values),
        )

    def confirm_resubmit(
        self,
        language: Language,
        *,
        what: str,
        action: str,
        fields: Mapping[str, str],
        until: float,
        name: str | None = None,
        organisation: str | None = None,
        request_id: str | None = None,
        lines: Iterable[HeaderLine] = (),
    ) -> Response:
        """Asks whether to send a form that met an ended session; the reader is who filled it in.

        `what` is the form's name for people, `action` its own address, marked as confirmed, `fields` what that needs;
        `until` is in seconds since the epoch.
        """
        _ = self._pages.gettext(language)
        return self._pages.page(
            "confirm_resubmit.html",
            language,
            title=_("Do you still want to send this?"),
            request_id=request_id,
            lines=lines,
            what=what,
            action=link_to(action, self._public_url),
            fields=dict(fields),
            name=name,
            organisation=organisation,
            until=spoken_hour(until, language),
        )
