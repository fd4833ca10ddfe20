"""Decides which pages of the gateway's own people see that are no errors. It knows nothing of how they came there."""

from __future__ import annotations

from gateway.model import Language
from gateway.pages.catalogue import message
from gateway.pages.render import Answer, Headers, Pages


class Screens:
    """The gateway's own pages that are no errors, in the language of the reader."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def logged_out(
        self,
        language: Language,
        *,
        everywhere: bool,
        request_id: str | None = None,
        method: str | None = None,
        headers: Headers = (),
    ) -> Answer:
        """After a logout; `everywhere` tells whether the provider's session was ended too."""
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
            method=method,
            request_id=request_id,
            headers=headers,
            words=_(words),
        )
