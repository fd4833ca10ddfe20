"""Says in words what is missing for access, and what people can do about it.

Everything here is plain text; templates escape it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from gateway.codec import missing_to_dict
from gateway.model import NOTHING, Alternatives, Identity, Language, Missing, Organisation, Remedy
from gateway.pages.catalogue import in_language, message, spoken_time

Gettext = Callable[[str], str]

# What costs a person least comes first.
_EFFORT: Final[Mapping[Remedy, int]] = {
    "switch": 0,
    "login": 1,
    "step_up": 2,
    "wait": 3,
    "grant": 4,
    "none": 9,
}
# Nobody knows whether this person may act for that organisation at all, so other ways go first.
_UNSURE: Final = 5

# By kind: the words where a detail is known, and where none is.
_WHAT: Final[Mapping[str, tuple[str, str]]] = {
    "doelgroep": (
        message("Access as a member of the target group %(detail)s"),
        message("Access as a member of another target group"),
    ),
    "organisation": (
        message("Access on behalf of another organisation"),
        message("Access on behalf of another organisation"),
    ),
    "assurance": (
        message("A login with a stronger means, such as eID or itsme"),
        message("A login with a stronger means, such as eID or itsme"),
    ),
    "claim": (
        message("The item '%(detail)s' in your profile"),
        message("An item in your profile"),
    ),
    "network": (
        message("A connection from a network that is allowed here"),
        message("A connection from a network that is allowed here"),
    ),
    "scope": (
        message("An access token with the scope '%(detail)s'"),
        message("An access token with another scope"),
    ),
    "rate": (
        message("Fewer requests in a short time"),
        message("Fewer requests in a short time"),
    ),
    "login": (message("To be logged in"), message("To be logged in")),
    "time": (
        message("A visit within the opening hours: %(detail)s"),
        message("A visit within the opening hours"),
    ),
    "other": (message("A condition of this page: %(detail)s"), message("A condition of this page")),
}

# By remedy: what helps, the place that does it, and the words on its button.
_HELP: Final[Mapping[Remedy, tuple[str, str | None, str | None]]] = {
    "switch": (
        message("If you may act for it as well, you can switch. You come back to this page."),
        "/oauth2/switch",
        message("Switch organisation"),
    ),
    "step_up": (
        message("You can log in again with a stronger means. You come back to this page."),
        "/oauth2/start",
        message("Log in with a stronger means"),
    ),
    "login": (message("Log in and try again."), "/oauth2/start", message("Log in")),
    "wait": (message("You do not have to do anything now: try again later."), None, None),
    "grant": (message("Ask %(grantor)s for it."), None, None),
    "none": (message("You cannot arrange this yourself. Call us if you think that you need it."), None, None),
}

_HELD_ELSEWHERE: Final = message(
    "You have this right for another organisation of yours. Switch to it; you come back to this page."
)
_HELD_FOR: Final = message(
    "You have this right for %(organisation)s. Switch to it; you come back to this page."
)
_AGAIN: Final = message("You do not have to do anything now: try again from %(moment)s on.")


def _nothing() -> Mapping[str, str]:
    return NOTHING


@dataclass(frozen=True, slots=True)
class Need:
    """One missing thing in words: `what` it is, what helps (`advice`), and a link to do it, if there is one."""

    missing: Missing
    what: str
    advice: str
    link: str | None = None
    link_text: str | None = None
    contact: Mapping[str, str] = field(default_factory=_nothing)

    def data(self, public_url: str) -> dict[str, Any]:
        """The same as data for programs; unknown fields are absent."""
        shown = {**missing_to_dict(self.missing), "what": self.what, "advice": self.advice}
        return {**shown, "url": public_url + self.link} if self.link else shown


def order(alternatives: Alternatives) -> Alternatives:
    """The alternatives without repetitions: first those that a person can act on, then the smallest, then the easiest."""
    distinct: list[tuple[Missing, ...]] = []
    for alternative in alternatives:
        arranged = tuple(sorted(alternative, key=_effort))
        if arranged not in distinct:
            distinct.append(arranged)
    return tuple(sorted(distinct, key=_cost))


def _cost(alternative: tuple[Missing, ...]) -> tuple[bool, int, int]:
    closed = any(missing.remedy == "none" for missing in alternative)
    return closed, len(alternative), sum(_effort(missing) for missing in alternative)


def _effort(missing: Missing) -> int:
    if missing.remedy == "switch" and missing.kind != "right":
        return _UNSURE
    return _EFFORT[missing.remedy]


def unread_claims(identity: Identity | None) -> str:
    """The names of the claims that could not be read, for a person; "" where there are none."""
    return ", ".join(dict.fromkeys(each.claim for each in identity.faults)) if identity is not None else ""


def unread_claims_data(identity: Identity | None) -> list[dict[str, str]]:
    """The same for programs, with what was wrong with each."""
    return [asdict(each) for each in identity.faults] if identity is not None else []


def organisation_name(code: str, acting_for: Organisation | None = None) -> str:
    """An organisation as people know it: its name if we have it, and KBO numbers with dots.

    Several codes with commas between them are named one by one.
    """
    if "," in code:
        return ", ".join(organisation_name(each.strip(), acting_for) for each in code.split(","))
    shown = f"{code[:4]}.{code[4:7]}.{code[7:]}" if len(code) == 10 and code.isdigit() else code
    if acting_for is not None and acting_for.code == code and acting_for.name:
        return f"{acting_for.name} ({shown})"
    return shown


class Wording:
    """Texts in one language. `identity` is the reader, `back` the page that they asked for."""

    def __init__(
        self, language: Language, gettext: Gettext, *, identity: Identity | None = None, back: str = "/"
    ) -> None:
        self._language = language
        self._gettext = gettext
        self._acting_for = identity.organisation if identity else None
        self._doelgroep = identity.doelgroep if identity else None
        self._back = quote(back, safe="")

    def needs(self, alternatives: Alternatives) -> tuple[tuple[Need, ...], ...]:
        """Every alternative in words, the smallest first."""
        return tuple(
            tuple(self.need(missing) for missing in alternative) for alternative in order(alternatives)
        )

    def need(self, missing: Missing) -> Need:
        """One missing thing in words."""
        advice, link, link_text = self._help(missing)
        return Need(missing, self._what(missing), advice, link, link_text, missing.contact)

    def _what(self, missing: Missing) -> str:
        _ = self._gettext
        label = in_language(missing.label, self._language)
        code = missing.organisation
        elsewhere = (
            missing.remedy == "switch" and self._acting_for is not None and code == self._acting_for.code
        )
        organisation = organisation_name(code, self._acting_for) if code and not elsewhere else None
        if missing.kind == "right":
            right = _capital(label or self._right(missing))
            if organisation is None:
                return right
            return _("%(right)s, for %(organisation)s") % {"right": right, "organisation": organisation}
        if label:
            return _capital(label)
        if missing.kind == "organisation" and organisation:
            return _("Access on behalf of %(organisation)s") % {"organisation": organisation}
        moment = self._moment(missing)
        if moment is not None and missing.kind == "time":
            return _("A visit from %(moment)s on") % {"moment": moment}
        with_detail, without = _WHAT[missing.kind]
        return _(with_detail) % {"detail": missing.detail} if missing.detail else _(without)

    def _right(self, missing: Missing) -> str:
        _ = self._gettext
        values = {"right": missing.right or "?", "context": missing.context}
        if missing.context is None:
            return _("User right '%(right)s'") % values
        return _("User right '%(right)s' with context '%(context)s'") % values

    def _moment(self, missing: Missing) -> str | None:
        if missing.kind not in ("time", "rate") or not missing.detail:
            return None
        try:
            return spoken_time(datetime.fromisoformat(missing.detail), self._language)
        except ValueError:
            return None

    def _help(self, missing: Missing) -> tuple[str, str | None, str | None]:
        _ = self._gettext
        advice, place, link_text = _HELP[missing.remedy]
        grantor = in_language(missing.granted_by, self._language) or _(
            "the local administrator (lokale beheerder) of your organisation"
        )
        organisation = moment = None
        if missing.kind == "right" and missing.remedy == "switch":
            advice = _HELD_FOR if missing.detail else _HELD_ELSEWHERE
            organisation = organisation_name(missing.detail or "", self._acting_for)
        elif missing.remedy == "wait" and (moment := self._moment(missing)) is not None:
            advice = _AGAIN
        words = _(advice) % {"grantor": grantor, "organisation": organisation, "moment": moment}
        if place is None or link_text is None:
            return words, None, None
        return words, f"{place}?rd={self._back}{self._towards(missing)}", _(link_text)

    def _towards(self, missing: Missing) -> str:
        """The parameters for the link that helps, so that nothing has to be chosen there."""
        if missing.remedy == "step_up" and missing.acr_values:
            return "&acr_values=" + "+".join(quote(urn, safe="") for urn in missing.acr_values)
        if missing.remedy != "switch":
            return ""
        if missing.kind == "doelgroep":
            one = missing.detail if missing.detail and "," not in missing.detail else None
            return f"&doelgroep={quote(one, safe='')}" if one else ""
        code = missing.detail if missing.kind == "right" else missing.organisation
        # Codes of one kind are of organisations of one group: a KBO number beside a KBO number.
        current = self._acting_for.code if self._acting_for else ""
        if not code or "," in code or not self._doelgroep or code == current:
            return ""
        if not (code.isalnum() and code.isascii()) or code.isdigit() != current.isdigit():
            return ""
        return f"&doelgroep={quote(self._doelgroep, safe='')}&organisation={code}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
