"""Who asks, as the headers of the gateway say. The register believes them: only the gateway may reach it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

_RIGHT: Final = "OVAMGebruiker-"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person or program, and what it holds for the organisation that it acts for."""

    subject: str
    kind: str
    name: str
    organisation: str
    organisation_name: str
    contexts: frozenset[str]

    @property
    def may_submit(self) -> bool:
        """A person by context; a program by the rule of the gateway that let it through."""
        return bool(self.organisation) and (
            self.kind == "machine" or "NonConformiteitenIndiener" in self.contexts
        )

    @property
    def may_read_all(self) -> bool:
        return "NonConformiteitenLezer" in self.contexts

    @property
    def may_read(self) -> bool:
        return self.may_submit or self.may_read_all

    def sees(self, organisation: str) -> bool:
        """Whether the reports of this organisation are for this visitor."""
        return self.may_read_all or (self.may_submit and organisation == self.organisation)


def visitor_from(headers: Mapping[str, str]) -> Visitor | None:
    """The visitor in these headers, percent-encoded as the gateway sends them; None where there is none."""

    def value(name: str) -> str:
        return unquote(headers.get(name, ""))

    subject = value("x-forwarded-user")
    if not subject:
        return None
    organisation = value("x-auth-organisation")
    rights = (unquote(right).rpartition(":") for right in headers.get("x-auth-rights", "").split(","))
    contexts = frozenset(
        role.removeprefix(_RIGHT)
        for role, _, held_for in rights
        if held_for == organisation and role.startswith(_RIGHT)
    )
    return Visitor(
        subject=subject,
        kind=value("x-auth-kind"),
        name=value("x-auth-name") or subject,
        organisation=organisation,
        organisation_name=value("x-auth-organisation-name") or organisation,
        contexts=contexts,
    )
