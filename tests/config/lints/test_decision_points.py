"""Rules that ask decision points without a credential, or that keep their answers for long."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.lints.warned import warned

RULE = "rules: [{{id: a, match: {{path: /a}}, require: [{{remote: {{{}}}}}]{}}}]\n"
AUTHZEN = "protocol: authzen, url: 'https://pdp.example.be'"


@pytest.mark.parametrize(
    ("options", "more", "warns"),
    [
        (AUTHZEN, "", True),
        (AUTHZEN, ", accept: [pdp-without-credential]", False),
        (f"{AUTHZEN}, token: 'env:PDP_TOKEN'", "", False),
        (f"{AUTHZEN}, certificate: own.pem, key: 'file:own-key.pem'", "", False),
        ("protocol: authzen, url: 'http://localhost:8181'", "", False),
        ("url: 'https://opa.example.be'", "", False),
    ],
)
def test_a_point_that_cannot_tell_who_asks(tmp_path: Path, options: str, more: str, *, warns: bool) -> None:
    assert bool(warned(tmp_path, RULE.format(options, more), "pdp-without-credential")) is warns


@pytest.mark.parametrize(("fresh", "warns"), [("0s", False), ("5m", False), ("6m", True)])
def test_answers_that_count_for_long(tmp_path: Path, fresh: str, *, warns: bool) -> None:
    text = RULE.format(f"{AUTHZEN}, fresh: {fresh}", "")
    assert bool(warned(tmp_path, text, "pdp-long-fresh")) is warns


@pytest.mark.parametrize(
    ("first", "second", "warns"),
    [
        (AUTHZEN, f"{AUTHZEN}, action: read", True),
        (AUTHZEN, AUTHZEN, False),
        (f"{AUTHZEN}, name: a", f"{AUTHZEN}, action: read, name: b", False),
        ("url: 'https://opa.example.be/a'", "url: 'https://opa.example.be/b'", True),
        (AUTHZEN, "url: 'https://opa.example.be/b'", True),
    ],
)
def test_answers_that_have_one_name(tmp_path: Path, first: str, second: str, *, warns: bool) -> None:
    several = f"any: [{{remote: {{{first}}}}}, {{remote: {{{second}}}}}]"
    text = f"rules: [{{id: a, match: {{path: /a}}, require: [{{{several}}}]}}]\n"
    assert bool(warned(tmp_path, text, "same-answer-name")) is warns
