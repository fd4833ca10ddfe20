"""Who asked is in the record in its own words, without what may never be written."""

from __future__ import annotations

import json

from gateway.observe.asked_by import About, AskedBy, asked_by_text


def test_secrets_and_national_numbers_in_names_are_masked() -> None:
    token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
    asked = AskedBy("register", token, About("session", 'read "85.07.30-033.28"', "path"), 12.5)
    found = json.loads("{" + asked_by_text(asked) + "}")["asked_by"]
    assert found == {
        "caller": "register",
        "subject": "session",
        "action": 'read "[national number]"',
        "resource": "path",
        "question": "[redacted]",
        "moment": 12.5,
    }
    assert "question" not in asked_by_text(AskedBy("register", "", About("session", "GET", "path")))
