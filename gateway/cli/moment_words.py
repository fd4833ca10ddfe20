"""The words for moments that people type in Dutch, French, English and German."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DAYS_AGO: Final[Mapping[str, int]] = {
    "vandaag": 0, "today": 0, "gisteren": 1, "yesterday": 1, "eergisteren": 2, "day before yesterday": 2,
    "aujourd'hui": 0, "hier": 1, "avant-hier": 2, "heute": 0, "gestern": 1, "vorgestern": 2,
    "morgen": -1, "tomorrow": -1, "demain": -1, "overmorgen": -2, "übermorgen": -2, "après-demain": -2,
}  # fmt: skip
WEEKDAYS: Final = (
    ("maandag", "ma", "monday", "mon", "lundi", "lun", "montag", "mo"),
    ("dinsdag", "di", "tuesday", "tue", "mardi", "mar", "dienstag"),
    ("woensdag", "wo", "wednesday", "wed", "mercredi", "mer", "mittwoch", "mi"),
    ("donderdag", "do", "thursday", "thu", "jeudi", "jeu", "donnerstag"),
    ("vrijdag", "vr", "friday", "fri", "vendredi", "ven", "freitag", "fr"),
    ("zaterdag", "za", "saturday", "sat", "samedi", "sam", "samstag", "sa"),
    ("zondag", "zo", "sunday", "sun", "dimanche", "dim", "sonntag", "so"),
)
MONTHS: Final = (
    ("januari", "january", "jan", "janvier", "janv", "januar"),
    ("februari", "february", "feb", "février", "fevrier", "févr", "februar"),
    ("maart", "march", "mrt", "mar", "mars", "märz"),
    ("april", "apr", "avril", "avr"),
    ("mei", "may", "mai"),
    ("juni", "june", "jun", "juin"),
    ("juli", "july", "jul", "juillet", "juil"),
    ("augustus", "august", "aug", "août", "aout"),
    ("september", "sep", "sept", "septembre"),
    ("oktober", "october", "okt", "oct", "octobre"),
    ("november", "nov", "novembre"),
    ("december", "dec", "décembre", "decembre", "déc", "dezember", "dez"),
)
UNITS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("s", "sec", "seconde", "seconden", "second", "seconds", "secondes", "sekunden"), 1),
    **dict.fromkeys(("m", "min", "minuut", "minuten", "minute", "minutes"), 60),
    **dict.fromkeys(("kwartier", "kwartieren"), 900),
    **dict.fromkeys(
        ("h", "u", "uur", "uren", "hour", "hours", "heure", "heures", "stunde", "stunden"), 3_600
    ),
    **dict.fromkeys(("d", "dag", "dagen", "day", "days", "jour", "jours", "tag", "tage", "tagen"), 86_400),
    **dict.fromkeys(("w", "week", "weken", "weeks", "semaine", "semaines", "woche", "wochen"), 604_800),
}
CLOCK_UNITS: Final = ("u", "uur", "uhr", "heures")
"""With a number these are hours of the clock, unless something says that they are a duration."""

NUMBERS: Final[Mapping[str, float]] = {
    **dict.fromkeys(("een", "één", "a", "an", "one", "une", "un", "eine", "einer", ""), 1),
    **dict.fromkeys(("half", "half an", "een half", "half a"), 0.5),
    "anderhalf": 1.5,
    **dict.fromkeys(("twee", "two", "deux", "zwei"), 2),
    **dict.fromkeys(("drie", "three", "trois", "drei"), 3),
    **dict.fromkeys(("vier", "four", "quatre"), 4),
    **dict.fromkeys(("vijf", "five", "cinq", "fünf"), 5),
    **dict.fromkeys(("zes", "six", "sechs"), 6),
    **dict.fromkeys(("zeven", "seven", "sept", "sieben"), 7),
    **dict.fromkeys(("acht", "eight", "huit"), 8),
    **dict.fromkeys(("negen", "nine", "neuf", "neun"), 9),
    **dict.fromkeys(("tien", "ten", "dix", "zehn"), 10),
}
LEAD: Final = (
    "sinds", "vanaf", "van", "since", "from", "tot", "until", "till", "om", "at", "rond", "omstreeks", "op", "on",
    "depuis", "dès", "à", "vers", "seit", "ab", "um",
)  # fmt: skip
"""Words in front of a moment, or between the day and the time, that change nothing."""

PERIODS: Final[Mapping[str, tuple[int, int, int]]] = {
    **dict.fromkeys(("vannacht", "tonight"), (0, 0, 6)),
    **dict.fromkeys(("vanmorgen", "vanochtend", "deze morgen", "deze ochtend", "this morning"), (0, 6, 12)),
    **dict.fromkeys(("deze voormiddag", "vanvoormiddag"), (0, 6, 12)),
    **dict.fromkeys(("vanmiddag", "deze middag", "deze namiddag", "vannamiddag", "this afternoon"), (0, 12, 18)),
    **dict.fromkeys(("vanavond", "deze avond", "this evening"), (0, 18, 24)),
    **dict.fromkeys(("gisteravond", "gisterenavond", "gisteren avond"), (1, 18, 24)),
    **dict.fromkeys(
        ("gistermiddag", "gisterenmiddag", "gisteren middag", "gisternamiddag", "gisterennamiddag",
         "gisteren namiddag"), (1, 12, 18)
    ),
    **dict.fromkeys(
        ("gistermorgen", "gisterenmorgen", "gisteren morgen", "gisterochtend", "gisterenochtend",
         "gisteren ochtend", "gistervoormiddag", "gisterenvoormiddag", "gisteren voormiddag"), (1, 6, 12)
    ),
}  # fmt: skip
"""Parts of a day: how many days ago, and the hours where they begin and end."""

MIDNIGHT: Final = ("middernacht", "midnight", "minuit", "mitternacht")
HOURS: Final[Mapping[str, str]] = {
    **dict.fromkeys(MIDNIGHT, "00:00"), "noon": "12:00", "middag": "12:00", "midi": "12:00", "mittag": "12:00",
}  # fmt: skip
LAST: Final = r"(?:(?:de|het|the|les|die)\s+)?(?:laatste|afgelopen|voorbije|last|past|dernières?|letzten?)"
LAST_WEEK: Final = (
    r"(?:vorige|verleden|voorbije|last)\s+week|week\s+geleden|la\s+semaine\s+dernière|letzte\s+woche"
)
THIS_WEEK: Final = r"deze\s+week|this\s+week|cette\s+semaine|diese\s+woche"
ZONES: Final[Mapping[str, str]] = {
    "z": "+00:00", "utc": "+00:00", "gmt": "+00:00", "cet": "+01:00", "mez": "+01:00", "cest": "+02:00",
    "mesz": "+02:00", "met": "+01:00", "mest": "+02:00",
}  # fmt: skip
