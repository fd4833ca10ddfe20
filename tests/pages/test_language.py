"""The language of a page, out of whatever a browser sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.language import Languages

DUTCH_OR_ENGLISH = Languages(("nl", "en"))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "nl"),
        (b"", "nl"),
        (b"en", "en"),
        (b"en-GB,en;q=0.9", "en"),
        (b"nl-BE,nl;q=0.9,en;q=0.8", "nl"),
        (b"en;q=0.8, nl;q=0.9", "nl"),
        (b"fr-BE,fr;q=0.9,en;q=0.8,nl;q=0.7", "en"),
        (b"fr", "nl"),
        (b"nl;q=0, en;q=0.1", "en"),
        (b"en;q=0", "nl"),
        (b"*", "nl"),
        (b"nl;q=0,*", "en"),
        (b"en,nl", "en"),
        (b"nl,en", "nl"),
        (b"EN-us", "en"),
        (b"en ; q=1 , nl ; q=0.5", "en"),
        (b"en;q=2, nl;q=0.1", "nl"),
        (b"en;q=nan, nl;q=0.1", "nl"),
        (b"en;q=inf", "nl"),
        (b"en;q=-1", "nl"),
        (b"en;q=1e0,nl;q=0.2", "nl"),
        (b";;;,,,=,q=1,\xff\xfe", "nl"),
        (b"english", "nl"),
        (b"en;level=1;q=0.9,nl;q=0.8", "en"),
        (b"x," * 100_000 + b"en", "nl"),
    ],
)
def test_the_preferred_language(header: bytes | None, language: str) -> None:
    assert DUTCH_OR_ENGLISH.negotiate(header) == language


@given(st.binary(max_size=200))
def test_rubbish_is_survived(header: bytes) -> None:
    assert DUTCH_OR_ENGLISH.negotiate(header) in ("nl", "en")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (b"fr-BE,fr;q=0.9,en;q=0.8,nl;q=0.7", "fr"),
        (b"de", "de"),
        (b"es,de;q=0.3", "de"),
        (b"es", "nl"),
        (b"*;q=0.5,de;q=0.4", "nl"),
        (b"*;q=0.5,nl;q=0,en;q=0", "fr"),
        (b"nl;q=0,en;q=0,fr;q=0,de;q=0,*", "nl"),
        (b"de,fr", "de"),
    ],
)
def test_the_preferred_language_of_four(header: bytes, language: str) -> None:
    assert Languages(("nl", "en", "fr", "de")).negotiate(header) == language


def test_the_first_language_is_for_everybody_else() -> None:
    assert Languages(("de", "nl")).negotiate(b"fr") == "de"
