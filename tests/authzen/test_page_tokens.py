"""Tokens for the next page lead back to one place in the answer to one question, and say nothing."""

from __future__ import annotations

from base64 import urlsafe_b64decode

import pytest

from gateway.authzen.messages import Unanswerable
from gateway.authzen.page_tokens import PagePosition, PageTokens, question_hash

NOW = 1_795_000_000.0
KEYS = [b"k" * 32]
ASKED = question_hash("subject", {"b": 1, "a": 2})


def tokens(environment: str = "ti", *keys: bytes, later: float = 0.0) -> PageTokens:
    found = PageTokens(environment, lambda: keys or KEYS, lambda: NOW + later)
    found.start()
    return found


def test_a_token_leads_back_to_its_place() -> None:
    sealed = tokens().seal(PagePosition(20, 10), ASKED)
    assert tokens().open(sealed, question_hash("subject", {"a": 2, "b": 1})) == PagePosition(20, 10)
    assert b"20" not in urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    assert sealed != tokens().seal(PagePosition(20, 10), ASKED)


def test_a_key_that_follows_opens_what_the_earlier_one_sealed() -> None:
    sealed = tokens().seal(PagePosition(1, 1), ASKED)
    assert tokens("ti", b"n" * 32, b"k" * 32).open(sealed, ASKED) == PagePosition(1, 1)


def test_no_other_token_is_believed() -> None:
    sealed = tokens().seal(PagePosition(1, 1), ASKED)
    for token in ("", "x", "\u00e9", "=" * 100, sealed[:-2], sealed[:-1] + "_" * 2, sealed + "A" * 600):
        with pytest.raises(Unanswerable):
            tokens().open(token, ASKED)
    with pytest.raises(Unanswerable):
        tokens().open(sealed, question_hash("resource", {"a": 2, "b": 1}))
    with pytest.raises(Unanswerable):
        tokens("prd").open(sealed, ASKED)
    with pytest.raises(Unanswerable):
        tokens(later=3_601.0).open(sealed, ASKED)


def test_the_place_is_no_part_of_the_question() -> None:
    page = {"limit": 1, "token": "x"}
    assert PageTokens.same({"subject": 1, "page": page}) == PageTokens.same({"subject": 1})
    sorted_ = {"page": {**page, "properties": {"sort": "id"}}}
    assert PageTokens.same(sorted_) != PageTokens.same({"page": page})
