"""Says in words what is missing for access, and what people can do about it.

Everything here is plain text; templates escape it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from babel.lists import format_list

from gateway.codec import missing_to_dict, step_to_dict
from gateway.model import NOTHING, Identity, Language, Missing
from gateway.pages.authentication_methods import method_names
from gateway.pages.catalogue import in_language, message
from gateway.pages.links import login_url, switch_url
from gateway.pages.names import is_kbo, organisation_name
from gateway.pages.spoken import spoken_day, spoken_time
from gateway.plan import Advice, Grant, LogIn, Step, Switch, Wait

Gettext = Callable[[str], str]

_NEEDED: Final = message("What is needed for this page: %(what)s.")
# The length of a KBO number, and of a day as 2026-01-31.
_DAY: Final = 10

# By kind: the words where a detail is known, and where none is.
_WHAT: Final[Mapping[str, tuple[str, str]]] = {
    "doelgroep": (
        message("Access as a member of another target group"),
        message("Access as a member of another target group"),
    ),
    "organisation": (
        message("Access on behalf of another organisation"),
        message("Access on behalf of another organisation"),
    ),
    "assurance": (message("A login with another means"), message("A login with another means")),
    "binding": (
        message("A browser that ties your login to your device"),
        message("A browser that ties your login to your device"),
    ),
    "claim": (
        message("Your profile does not meet a condition (%(detail)s)"),
        message("Your profile does not meet a condition"),
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

# By what is known of the organisation to act for: a switch as a phrase, and as a sentence where nothing else is needed.
_ACCESS: Final[Mapping[str, str]] = {
    "kbo": message("Access on behalf of the organisation with enterprise number %(organisation)s"),
    "code": message("Access on behalf of the organisation with code %(organisation)s"),
    "doelgroep": message("Access on behalf of %(organisation)s"),
    "other": message("Access on behalf of another organisation"),
}
_OPEN: Final[Mapping[str, str]] = {
    "kbo": message(
        "This page is open on behalf of the organisation with enterprise number %(organisation)s."
    ),
    "code": message("This page is open on behalf of the organisation with code %(organisation)s."),
    "doelgroep": message("This page is open on behalf of %(organisation)s."),
    "other": message("This page is open on behalf of another organisation."),
}

# By kind: what is in the way as a sentence, where a detail is known.
_IN_THE_WAY: Final[Mapping[str, str]] = {
    "rate": message("You sent too many requests."),
    "time": message("This page is only open within the opening hours: %(detail)s."),
    "other": message("You do not meet a condition of this page: %(detail)s."),
}

# How people know the kinds of organisations; others by their code.
_DOELGROEPEN: Final[Mapping[str, str]] = {
    "GID": message("a Flemish government service (GID)"),
    "LB": message("a local government (LB)"),
    "EA": message("a company or association (EA)"),
    "OV": message("an education institution (OV)"),
    "BUR": message("yourself, as a citizen (BUR)"),
    "VER": message("a de facto association (VER)"),
}


@dataclass(frozen=True, slots=True)
class StepWords:
    """One step of a plan in words: what is needed (`text`), how to get it (`advice`), and a link that does it.

    `contact` has the phone and url of who can grant it. An obstacle, which no step changes, is `missing` instead.
    """

    text: str
    advice: str
    link: str | None = None
    link_text: str | None = None
    contact: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    step: Step | None = None
    missing: Missing | None = None

    def data(self, public_url: str) -> dict[str, Any]:
        """The same as data for programs; unknown fields are absent."""
        shown = {
            **(step_to_dict(self.step) if self.step is not None else {}),
            "text": self.text,
            "advice": self.advice,
        }
        return {**shown, "url": public_url + self.link} if self.link else shown


def unread_claims(identity: Identity | None) -> str:
    """The names of the claims that could not be read, for a person; "" where there are none."""
    return ", ".join(dict.fromkeys(each.claim for each in identity.faults)) if identity is not None else ""


def unread_claims_data(identity: Identity | None) -> list[dict[str, str]]:
    """The same for programs, with what was wrong with each."""
    return [asdict(each) for each in identity.faults] if identity is not None else []


class Wording:
    """Texts in one language. `identity` is the reader, `back` the page that they asked for.

    `too_often`: they sent too many requests, so that waiting is for that.
    """

    def __init__(
        self,
        language: Language,
        gettext: Gettext,
        *,
        identity: Identity | None = None,
        back: str = "/",
        too_often: bool = False,
    ) -> None:
        self._too_often = too_often
        self._language = language
        self._gettext = gettext
        self._acting_for = identity.organisation if identity else None
        self._doelgroep = identity.doelgroep if identity else None
        self._back = back

    def plans(self, advice: Advice) -> tuple[tuple[StepWords, ...], ...]:
        """Every plan in words, in their order; each holds its steps in the order in which they are taken."""
        return tuple(tuple(map(self.step, plan)) for plan in advice.plans)

    def step(self, step: Step) -> StepWords:
        """One step in words."""
        match step:
            case Grant():
                return self._grant(step)
            case Switch():
                return self._switch(step)
            case LogIn():
                return self._log_in(step)
            case Wait():
                return self._wait(step)

    def what(self, missing: Missing) -> str:
        """One missing thing as a phrase of its own."""
        return sentence_case(self._phrase(missing))

    def _phrase(self, missing: Missing) -> str:
        """One missing thing as a part of a sentence."""
        _ = self._gettext
        label = in_language(missing.label, self._language)
        organisation = (
            organisation_name(missing.organisation, self._acting_for) if missing.organisation else None
        )
        if missing.kind == "right":
            right = label or self._right(missing)
            if organisation is None:
                return right
            return _("%(right)s, for %(organisation)s") % {"right": right, "organisation": organisation}
        if label:
            return label
        if missing.kind == "doelgroep" and missing.detail:
            return _("Access on behalf of %(organisation)s") % {
                "organisation": self.doelgroep(missing.detail)
            }
        if missing.kind == "organisation" and organisation:
            return _("Access on behalf of %(organisation)s") % {"organisation": organisation}
        if missing.kind == "time" and (moment := self._moment(missing)) is not None:
            if missing.remedy == "none":
                return _("This page was open until %(moment)s") % {"moment": moment}
            return _("A visit from %(moment)s on") % {"moment": moment}
        with_detail, without = _WHAT[missing.kind]
        return _(with_detail) % {"detail": missing.detail} if missing.detail else _(without)

    def sentence(self, missing: Missing) -> str:
        """What is in the way, as a sentence."""
        _ = self._gettext
        what, labelled = self.what(missing), bool(in_language(missing.label, self._language))
        is_sentence = missing.kind == "claim" or (missing.kind == "time" and self._moment(missing))
        if is_sentence and not labelled:
            return f"{what}."
        if missing.detail and not labelled and missing.kind in _IN_THE_WAY:
            return _(_IN_THE_WAY[missing.kind]) % {"detail": missing.detail}
        return self._needed(self._phrase(missing))

    def _needed(self, what: str) -> str:
        return self._gettext(_NEEDED) % {"what": what}

    def lead(self, step: Step, *, alone: bool) -> str:
        """What a step is about, as a sentence before its advice; "" where that says it. `alone`: it is the whole plan."""
        match step:
            case Switch() if not alone:
                return self._needed(self._elsewhere(step, _ACCESS))
            case Grant():
                return self.sentence(step.missing)
            case Switch():
                return self._elsewhere(step, _OPEN)
            case Wait():
                return f"{self.step(step).text.removesuffix('.')}."
            case _:
                return ""

    def doelgroep(self, code: str) -> str:
        """A kind of organisation, or several with commas between them: "een lokaal bestuur (LB)"."""
        names = [self._gettext(_DOELGROEPEN.get(each, each)) for each in code.split(", ")]
        return format_list(names, style="or", locale=self._language)

    def data(self, missing: Missing) -> dict[str, Any]:
        """A missing thing as data for programs, with its words."""
        return {**missing_to_dict(missing), "what": self.what(missing)}

    def _right(self, missing: Missing) -> str:
        _ = self._gettext
        values = {"right": missing.right or "?", "context": missing.context}
        if missing.context is None:
            return _("User right '%(right)s'") % values
        return _("User right '%(right)s' with context '%(context)s'") % values

    def _moment(self, missing: Missing) -> str | None:
        if not missing.detail:
            return None
        try:
            moment = datetime.fromisoformat(missing.detail)
            if len(missing.detail) == _DAY:
                return spoken_day(moment, self._language)
            return spoken_time(moment, self._language, seconds=missing.kind == "rate")
        except (ValueError, OverflowError):
            return None

    def _grant(self, step: Grant) -> StepWords:
        _ = self._gettext
        grantor = in_language(step.missing.granted_by, self._language) or _(
            "the local administrator (lokale beheerder) of your organisation"
        )
        advice = _("Ask %(grantor)s for it.") % {"grantor": grantor}
        return StepWords(self.what(step.missing), advice, contact=step.missing.contact, step=step)

    def _switch(self, step: Switch) -> StepWords:
        _ = self._gettext
        if step.known:
            advice = _("Switch to that organisation. You come back to this page.")
        elif step.organisation is not None:
            advice = _("Do you work for this organisation too? Then switch. You come back to this page.")
        else:
            advice = _("Do you work for such an organisation too? Then switch. You come back to this page.")
        link = switch_url(self._back) + self._towards(step)
        text = sentence_case(self._elsewhere(step, _ACCESS))
        return StepWords(text, advice, link, _("Switch organisation"), step=step)

    def _elsewhere(self, step: Switch, texts: Mapping[str, str]) -> str:
        """For whom the step acts, in one of these texts."""
        code, doelgroep = step.organisation, step.doelgroep
        if code is not None:
            kind, whom = "kbo" if is_kbo(code) else "code", organisation_name(code, self._acting_for)
        else:
            kind = "doelgroep" if doelgroep is not None else "other"
            whom = self.doelgroep(doelgroep) if doelgroep is not None else ""
        return self._gettext(texts[kind]) % {"organisation": whom}

    def _log_in(self, step: LogIn) -> StepWords:
        _ = self._gettext
        link = login_url(self._back, step.acr_values)
        if not step.acr_values:
            text = sentence_case(_("To be logged in"))
            return StepWords(text, _("Log in and try again."), link, _("Log in"), step=step)
        means = method_names(step.acr_values, _, self._language)
        text = sentence_case(_("A login with another means: %(means)s") % {"means": means})
        advice = _("Log in again with %(means)s. You come back to this page.") % {"means": means}
        return StepWords(text, advice, link, _("Log in with %(means)s") % {"means": means}, step=step)

    def _wait(self, step: Wait) -> StepWords:
        _ = self._gettext
        moment = {"moment": spoken_time(datetime.fromtimestamp(step.until, UTC), self._language)}
        if self._too_often:
            advice = _("Try again from %(moment)s on.") % moment
            return StepWords(_("You sent too many requests."), advice, step=step)
        text = _("A visit from %(moment)s on") % moment
        advice = _("You do not have to do anything now: try again from %(moment)s on.") % moment
        return StepWords(text, advice, step=step)

    def _towards(self, step: Switch) -> str:
        """The parameters for the link that switches, so that nothing has to be chosen there."""
        code, here = step.organisation, self._acting_for.code if self._acting_for else ""
        doelgroep = step.doelgroep
        if doelgroep is None and code is not None and code.isdigit() == here.isdigit():
            # Codes of one kind are of organisations of one group: a KBO number beside a KBO number.
            doelgroep = self._doelgroep
        if doelgroep is None:
            return ""
        hint = f"&doelgroep={quote(doelgroep, safe='')}"
        if code is None:
            return hint
        return f"{hint}&organisation={code}" if code.isalnum() and code.isascii() else ""


def sentence_case(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]
