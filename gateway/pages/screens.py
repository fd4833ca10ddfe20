"""The gateway's own pages that are not errors: logged out, send a kept form, my access."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.model import NOTHING, Identity, Language, Missing, Right
from gateway.pages.catalogue import in_language, message, spoken_time
from gateway.pages.render import Pages
from gateway.pages.wording import Wording, organisation_name, unread_claims, unread_claims_data
from gateway.plan import RuleAccess
from gateway.responses import HeaderLines, Response

BACK = "/oauth2/access"


class Screens:
    """The gateway's own pages that are no errors, in the language of the reader."""

    def __init__(self, pages: Pages, *, public_url: str) -> None:
        self._pages = pages
        self._public_url = public_url.rstrip("/")

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

    def address_lost(
        self, language: Language, *, request_id: str | None = None, lines: HeaderLines = ()
    ) -> Response:
        """The page after a login whose own page had an address that was too long to keep."""
        title = self._pages.gettext(language)(message("You are logged in"))
        return self._pages.page(
            "address_lost.html", language, title=title, request_id=request_id, lines=lines
        )

    def login_title(self, language: Language) -> str:
        """The title of the page that goes on to the login."""
        return self._pages.gettext(language)("Log in")

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

    def access(
        self,
        language: Language,
        *,
        identity: Identity,
        reach: Sequence[RuleAccess],
        expires_at: float | None = None,
        labels: Mapping[tuple[str, str | None], Mapping[str, str]] | None = None,
        request_id: str | None = None,
    ) -> Response:
        """ "Mijn toegang": what this person may do, what not and why, until when, and who helps.

        `expires_at` is the end of the session in seconds since the epoch; `labels` names rights by
        (right, context).
        """
        _ = self._pages.gettext(language)
        wording = Wording(language, _, identity=identity, back=BACK)
        organisation = identity.organisation
        return self._pages.page(
            "access.html",
            language,
            title=_("My access"),
            request_id=request_id,
            person=identity.name or identity.subject,
            organisation=organisation_name(organisation.code, organisation) if organisation else None,
            doelgroep=identity.doelgroep,
            until=_spoken(expires_at, language),
            unread_claims=unread_claims(identity),
            rights=[_held(wording, right, labels or {}) for right in identity.rights],
            entries=[
                {
                    "name": in_language(each.label, language) or each.rule,
                    "address": " ".join((*each.methods, each.path)),
                    "open": each.decision.allowed,
                    "until": _spoken(each.until, language),
                    "checked_again": each.checked_again,
                    "needs": wording.plans(each.advice) or [wording.obstacles(each.advice)],
                }
                for each in reach
            ],
        )

    def access_data(
        self,
        language: Language,
        *,
        identity: Identity,
        reach: Sequence[RuleAccess],
        expires_at: float | None = None,
    ) -> Response:
        """The same for programs, as JSON."""
        wording = Wording(language, self._pages.gettext(language), identity=identity, back=BACK)
        organisation = identity.organisation
        body: dict[str, Any] = {
            "organisation": organisation.code if organisation else None,
            "doelgroep": identity.doelgroep,
            "rights": [
                {"right": right.name, "context": right.context, "organisation": right.organisation}
                for right in identity.rights
            ],
            "expires_at": expires_at,
            "unread_claims": unread_claims_data(identity),
            "rules": [
                {
                    "rule": each.rule,
                    "path": each.path,
                    "methods": list(each.methods),
                    "allowed": each.decision.allowed,
                    "reason": each.decision.reason,
                    "label": dict(each.label) or None,
                    "until": each.until,
                    "checked_again": each.checked_again,
                    "plans": [
                        [words.data(self._public_url) for words in plan]
                        for plan in wording.plans(each.advice)
                    ],
                    "obstacles": [wording.data(missing) for missing in each.advice.obstacles],
                }
                for each in reach
            ],
        }
        # In parts: the encoder as a whole keeps the interpreter while it runs, and very many rules make a long text.
        text = "".join(json.JSONEncoder().iterencode(body))
        return Response(text.encode("ascii"), media_type="application/json")


def _spoken(moment: float | None, language: Language) -> str | None:
    return spoken_time(datetime.fromtimestamp(moment, UTC), language) if moment else None


def _held(wording: Wording, right: Right, labels: Mapping[tuple[str, str | None], Mapping[str, str]]) -> str:
    return wording.what(
        Missing(
            kind="right",
            remedy="none",
            right=right.name,
            context=right.context,
            organisation=right.organisation,
            label=labels.get((right.name, right.context), NOTHING),
        )
    )
