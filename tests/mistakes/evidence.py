"""Mistakes that no file shows: decision records and the register itself do."""

from __future__ import annotations

from tests.mistakes.mistake import Proven

_LINT = "`gateway config lint --records` warns"

MISTAKES = (
    Proven(
        "path-of-another-version",
        "the register changed its paths, so that a rule is never hit",
        f"{_LINT} (`never-hit`)",
        "tests/cli/test_lint.py::test_a_rule_that_nothing_hits",
    ),
    Proven(
        "typo-everywhere",
        "a context is mistyped everywhere: under `rights:`, `catalogue:` and `people:`",
        f"{_LINT} (`right-never-seen`)",
        "tests/config/lints/test_evidence.py::test_rights_that_nobody_has",
    ),
    Proven(
        "catalogue-old",
        "people have a new context that the catalogue lacks",
        f"{_LINT} (`catalogue-incomplete`)",
        "tests/config/lints/test_evidence.py::test_rights_that_nobody_has",
    ),
    Proven(
        "register-folds",
        "the register takes `/ADMIN` for `/admin`, and the rules do not",
        "`gateway doctor` asks the register and warns (`case`)",
        "tests/doctor/test_letter_case.py::test_a_register_that_does_not_tell_them_apart",
    ),
    Proven(
        "proxy-with-ports",
        "a proxy writes addresses with ports, in brackets or as `unknown`",
        "such an address is read, or counts as unknown: never as the proxy's own",
        "tests/edge/test_client_cases.py::test_what_cannot_be_read_opens_nothing",
    ),
)
