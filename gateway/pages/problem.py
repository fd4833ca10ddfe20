"""What an error says as data, in the language of its reader: the body of a problem (RFC 9457), and answers to programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from gateway.errors import Forbidden, GatewayError, LoginRequired, TooManyRequests
from gateway.model import Identity, Language
from gateway.pages.advice import advice_of, operators_data
from gateway.pages.links import login_url
from gateway.pages.render import Pages
from gateway.pages.wording import Wording, unread_claims_data
from gateway.plan import told_in_order
from gateway.reference import reference_of

# Quoting takes a step for each character, and anybody can ask for a long path.
_LONGEST_PATH: Final = 4_096
_TYPE: Final = "urn:toegangspoort:problem:"
BASIC: Final = frozenset({"type", "title", "status", "detail", "instance", "code", "request_id", "reference"})


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom an error is for: `back` is where a login leads back to, `path` what was asked for, where that is known."""

    language: Language
    identity: Identity | None = None
    back: str = "/"
    path: str | None = None


class Problems:
    """Errors of one environment as data. `clock` gives seconds since the epoch."""

    def __init__(self, pages: Pages, *, public_url: str, clock: Callable[[], float]) -> None:
        self._pages = pages
        self._public_url = public_url.rstrip("/")
        self._clock = clock

    def data(
        self, error: GatewayError, reader: Reader, *, request_id: str, became: str | None = None
    ) -> dict[str, Any]:
        """What the error says, without its facts; `became` is a message id about what became of the request."""
        _ = self._pages.gettext(reader.language)
        problem: dict[str, Any] = {
            "type": _TYPE + error.code,
            "title": _(error.title),
            "status": error.status,
            "detail": self._detail(error, reader.language, became),
            "code": error.code,
            "request_id": request_id,
            "reference": reference_of(request_id),
        }
        if reader.path is not None:
            problem["instance"] = quote(reader.path[:_LONGEST_PATH], safe="/:@!$&'()*+,;=-._~")
        if isinstance(error, LoginRequired):
            problem["login_url"] = self._public_url + login_url(
                reader.back, error.facts.get("acr_values", ())
            )
        if isinstance(error, Forbidden):
            problem |= self._denied(error, reader)
        return problem | operators_data(error, reader.language)

    def in_short(self, error: GatewayError, said: Mapping[str, Any], reader: Reader) -> str:
        """What `data` said, in a few sentences: where the page refers to what stands below, they have that itself."""
        if not isinstance(error, Forbidden) or error.advice != Forbidden.advice:
            return f"{said['title']}. {said['detail']}"
        wording = self._wording(error, reader)
        parts = [f"{said['title']}."]
        if error.way_out.plans:
            plan = told_in_order(error.way_out.plans[0])
            for step in plan:
                parts += (wording.lead(step, alone=len(plan) == 1), wording.step(step).advice)
        elif error.decision.alternatives:
            parts += map(wording.sentence, error.decision.alternatives[0])
        return " ".join(filter(None, parts))

    def _wording(self, error: Forbidden, reader: Reader) -> Wording:
        return Wording(
            reader.language,
            self._pages.gettext(reader.language),
            identity=reader.identity,
            back=reader.back,
            too_often=isinstance(error, TooManyRequests),
        )

    def _detail(self, error: GatewayError, language: Language, became: str | None) -> str:
        _ = self._pages.gettext(language)
        advice = advice_of(error, language, _, self._clock()) % {"phone": self._pages.support.phone}
        return f"{advice} {_(became)}" if became else advice

    def _denied(self, error: Forbidden, reader: Reader) -> dict[str, Any]:
        support = self._pages.support
        wording = self._wording(error, reader)
        unread = unread_claims_data(reader.identity)
        return {
            "rule": error.decision.rule,
            "missing": [[wording.data(each) for each in several] for several in error.decision.alternatives],
            "plans": [
                [words.data(self._public_url) for words in plan] for plan in wording.plans(error.way_out)
            ],
            **({"unread_claims": unread} if unread else {}),
            "support": {
                "phone": support.phone,
                "phone_abroad": support.phone_abroad,
                **({"profile_url": self._pages.profile_url} if self._pages.profile_url else {}),
            },
        }
