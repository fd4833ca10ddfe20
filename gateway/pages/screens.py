"""The gateway's own pages that are not errors: logged out, send a kept form."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.model import Identity, Language
from gateway.pages.catalogue import message
from gateway.pages.render import Pages
from gateway.pages.wording import organisation_name
from gateway.responses import HeaderLines, Response


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
        lines: HeaderLines = (),
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

    def confirm_resubmit(
        self,
        language: Language,
        *,
        path: str,
        action: str,
        fields: Mapping[str, str],
        identity: Identity | None = None,
        request_id: str | None = None,
        lines: HeaderLines = (),
    ) -> Response:
        """Asks whether to send a form that met an ended session.

        `path` is where the form was going, `action` its own address, marked as confirmed, `fields` what that needs.
        """
        _ = self._pages.gettext(language)
        organisation = identity.organisation if identity else None
        return self._pages.page(
            "confirm_resubmit.html",
            language,
            title=_("Do you still want to send this?"),
            request_id=request_id,
            lines=lines,
            path=path,
            action=action,
            fields=dict(fields),
            organisation=organisation_name(organisation.code, organisation) if organisation else None,
        )
