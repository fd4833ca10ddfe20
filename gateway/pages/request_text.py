"""The message with which a person asks an administrator for a right: ready to send, or to copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from gateway.pages.wording import Gettext


@dataclass(frozen=True, slots=True)
class RequestedRight:
    """One right that is asked for: its name for people, its codes, and the organisation (None: not known).

    `address` is where an administrator gives it, where that is known.
    """

    name: str
    codes: str
    organisation: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What a person asks an administrator for. `page` and `service` are names, `address` is where the page is.

    `held` are rights that resemble the wanted ones; `day`, `moment` and `reference` are as people read them.
    """

    person: str
    wanted: Sequence[RequestedRight]
    held: Sequence[str]
    page: str | None
    address: str
    service: str
    day: str
    moment: str
    reference: str


@dataclass(frozen=True, slots=True)
class RequestText:
    """Subject and body. `mailto` opens the reader's mail program with them, where an address is known."""

    subject: str
    body: str
    mailto: str | None


def request_text(_: Gettext, request: AccessRequest, *, email: str | None) -> RequestText:
    """The message in one language; `email` is the administrator's address, if it is known."""
    subject = _("Request for access to %(service)s for %(person)s") % {
        "service": request.service,
        "person": request.person,
    }
    body = "\n".join(_lines(_, request))
    if email is None:
        return RequestText(subject, body, None)
    # RFC 6068 section 5: lines of a body end in CRLF.
    fields = (
        f"subject={quote(subject, safe='')}&body={quote(body.replace(chr(10), chr(13) + chr(10)), safe='')}"
    )
    return RequestText(subject, body, f"mailto:{quote(email, safe='@')}?{fields}")


def _lines(_: Gettext, request: AccessRequest) -> list[str]:
    def field(name: str, value: str) -> str:
        return f"{name}: {value}"

    page = f"{request.page} ({request.address})" if request.page else request.address
    lines = [
        _("Hello,"),
        "",
        _("I need access to a page of '%(service)s'. Can you give me this user right in Gebruikersbeheer?")
        % {"service": request.service},
        "",
        field(_("Name"), request.person),
    ]
    for right in request.wanted:
        if right.organisation is not None:
            lines.append(field(_("Organisation"), right.organisation))
        lines += [field(_("Needed"), right.name), field(_("Codes"), right.codes)]
    lines += [
        field(_("Starting on"), request.day),
        field(_("Page"), page),
        *(
            field("Gebruikersbeheer", each)
            for each in dict.fromkeys(right.address for right in request.wanted)
            if each is not None
        ),
        field(_("Reference"), f"{request.reference}, {request.moment}"),
        "",
    ]
    if request.held:
        lines += [
            _("I already have the following, which is not enough:"),
            *(f"- {each}" for each in request.held),
        ]
    lines += [
        _("Do I seem to have it? Then check its dates, its context and the organisation."),
        "",
        _("Kind regards,"),
        request.person,
    ]
    return lines
