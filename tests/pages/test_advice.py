"""What helps after an error."""

import pytest

from gateway.errors import ClientLimited, NotFound, Overloaded
from gateway.model import Language
from gateway.pages.advice import advice_of
from gateway.pages.catalogue import read_catalogue

# 5.15 in Belgium.
NOW = 1_796_012_100.0


@pytest.mark.parametrize(
    ("language", "seconds", "words"),
    [
        ("nl", 300, "U stuurde te veel aanvragen. Probeer het opnieuw om 5.20 uur (over 5 minuten)."),
        ("nl", 12, "U stuurde te veel aanvragen. Probeer het opnieuw om 5.15.12 uur (over 12 seconden)."),
        ("en", 300, "You sent too many requests. Try again at 5:20 (in 5 minutes)."),
        (
            "de",
            300,
            "Sie haben zu viele Anfragen gesendet. Versuchen Sie es um 5.20 Uhr erneut (in 5 Minuten).",
        ),
    ],
)
def test_whoever_asks_too_often_reads_when_there_is_room(
    language: Language, seconds: int, words: str
) -> None:
    gettext = read_catalogue(language).gettext
    assert advice_of(ClientLimited("logins", seconds), language, gettext, NOW) == words


def test_any_other_error_has_its_own_advice() -> None:
    gettext = read_catalogue("en").gettext
    assert advice_of(NotFound(), "en", gettext, NOW) == NotFound.advice
    assert advice_of(Overloaded(retry_after=3), "en", gettext, NOW) == "Try again in a few minutes."
