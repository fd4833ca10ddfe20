"""What people and machines can ask of the list: period, producer, stream, refused, status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from simulator.register.codes import STATUSES, STREAMS
from simulator.register.draft import as_date, date_text, number_text

_NAMES = ("van", "tot", "producent", "afvalstroom", "geweigerd", "status", "indiener")


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose reports somebody can see: those of `organisation`, and with `everything` also what others submitted."""

    organisation: str
    everything: bool = False

    def holds(self, organisation: str, status: str) -> bool:
        """Whether a report lies within: nobody sees the concepts of another organisation."""
        return organisation == self.organisation or (self.everything and status != "concept")


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of one list, in the register's spelling; an empty text filters nothing."""

    van: str = ""
    tot: str = ""
    producent: str = ""
    afvalstroom: str = ""
    geweigerd: str = ""
    status: str = ""
    indiener: str = ""

    @property
    def query(self) -> str:
        """The filters as a query string, for links."""
        return urlencode({name: getattr(self, name) for name in _NAMES if getattr(self, name)})

    def where(self, reach: Reach) -> tuple[str, list[object]]:
        """(condition, values) for the table of reports, always within this reach."""
        conditions: list[str] = []
        values: list[object] = []
        kbo = number_text(self.producent)
        by_number = len(kbo) == 10 and kbo.isdigit()
        for applies, condition, value in (
            (not reach.everything, "organisation = ?", reach.organisation),
            (reach.everything, "(status <> 'concept' OR organisation = ?)", reach.organisation),
            (self.indiener, "organisation = ?", self.indiener),
            (self.van, "found_on >= ?", self.van),
            (self.tot, "found_on <= ?", self.tot),
            (by_number, "producer_kbo = ?", kbo),
            (self.producent and not by_number, "producer_name LIKE ? ESCAPE '!'", f"%{_escaped(self.producent)}%"),
            (self.afvalstroom, "instr(streams, ?) > 0", f" {self.afvalstroom} "),
            (self.geweigerd, "refused = ?", self.geweigerd == "ja"),
            (self.status, "status = ?", self.status),
        ):  # fmt: skip
            if applies:
                conditions.append(condition)
                values.append(value)
        return " AND ".join(conditions), values


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def filters_from(query: Mapping[str, str]) -> tuple[Filters, dict[str, str]]:
    """(the filters that a query names, what is wrong with it by name). A filter that is wrong filters nothing."""
    typed = {name: query.get(name, "").strip()[:200] for name in _NAMES}
    faults: dict[str, str] = {}
    for name in ("van", "tot"):
        day = date_text(typed[name])
        if day and as_date(day) is None:
            faults[name] = "Schrijf de datum als dd/mm/jjjj."
        typed[name] = day
    for name, known in (("afvalstroom", STREAMS), ("geweigerd", ("ja", "nee")), ("status", STATUSES)):
        if typed[name] and typed[name] not in known:
            faults[name] = f"Kies een van: {', '.join(known)}."
    if not faults and typed["van"] and typed["tot"] and typed["tot"] < typed["van"]:
        faults["tot"] = "Deze datum ligt voor het begin van de periode."
    return Filters(**{name: "" if name in faults else text for name, text in typed.items()}), faults
