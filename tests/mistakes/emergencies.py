"""Mistakes with emergency rules and maintenance."""

from __future__ import annotations

from tests.mistakes.mistake import Mistake, Proven

_FIRST_RULE = "  # The first rule that matches decides. What no rule matches is refused.\n"
_LAST_RULE = "# Somebody to try the rules with. Real people never stand here.\n"
_EDGE = "    paths: {parameters: strip"


def _first(text: str) -> list[tuple[str, str]]:
    return [(_FIRST_RULE, f"{_FIRST_RULE}{text}")]


def _setting(text: str) -> list[tuple[str, str]]:
    return [(_EDGE, f"    {text}\n{_EDGE}")]


MISTAKES = (
    Mistake(
        "emergency-endless",
        "an emergency rule without an end",
        _first("  - {id: nood, match: {path: /n/**}, require: [authenticated], emergency: {}}\n"),
        ["error:at_most"],
    ),
    Mistake(
        "emergency-long",
        "an emergency rule that can be open for a week",
        _first("  - {id: nood, match: {path: /n/**}, require: [authenticated], emergency: {at_most: 7d}}\n"),
        ["error:86400"],
    ),
    Mistake(
        "emergency-behind",
        "an emergency rule behind the rules that decide all that it matches",
        [
            (
                _LAST_RULE,
                "  - {id: nood, match: {path: /ncr/**}, require: [authenticated], emergency: {at_most: 60m}}\n\n"
                + _LAST_RULE,
            )
        ],
        ["warning:emergency-without-effect"],
    ),
    Mistake(
        "emergency-for-anyone",
        "an emergency rule that breaks an invariant while it is open",
        _first("  - {id: nood, match: {path: /**}, require: [anyone], emergency: {at_most: 60m}}\n"),
        ["warning:emergency-breaks-never"],
    ),
    Mistake(
        "code-in-the-file",
        "the code of an operator itself under `emergency: operators:`",
        _setting("emergency: {operators: {an: k3j4h-5k6j7}}"),
        ["error:never the code itself"],
    ),
    Mistake(
        "maintenance-past",
        "planned maintenance in the past",
        _setting("maintenance: {windows: [{from: 2025-12-01T22:00, until: 2025-12-02T06:00}]}"),
        ["warning:maintenance-over"],
    ),
    Mistake(
        "maintenance-backwards",
        "planned maintenance that ends before it begins",
        _setting("maintenance: {windows: [{from: 2027-12-02T22:00, until: 2027-12-02T06:00}]}"),
        ["error:until is not after from"],
    ),
    Mistake(
        "maintenance-endless",
        "planned maintenance without an end",
        _setting("maintenance: {windows: [{from: 2027-12-02T22:00}]}"),
        ["error:give from and until"],
    ),
    Mistake(
        "maintenance-right",
        "an exception of maintenance for a right that there is not",
        _setting("maintenance: {except: [leezr]}"),
        ["error:unknown right 'leezr'; did you mean 'lezer'?"],
    ),
    Mistake(
        "maintenance-hours",
        "a day of the week in Dutch in the hours of maintenance",
        _setting("maintenance: {windows: [{hours: {zo: 02:00-04:00}}]}"),
        ["error:'zo' is not a day of the week"],
    ),
    Mistake(
        "maintenance-login",
        "maintenance of the login, which goes on",
        _setting("maintenance: {windows: [{hours: {sun: 02:00-04:00}, paths: [/oauth2/**]}]}"),
        ["warning:maintenance-own-path"],
    ),
    Proven(
        "same-name-twice",
        "one person types both names to open an emergency rule",
        "`gateway emergency confirm` knows people by their account or their code, and refuses",
        "tests/cli/test_emergency.py::test_two_people_open_it_and_one_closes_it",
    ),
    Proven(
        "clock-back-in-an-emergency",
        "the clock is set back while an emergency rule is open",
        "it ends on time by the steady clock",
        "tests/reload/test_emergency.py::test_a_clock_that_is_set_back_makes_it_no_longer",
    ),
    Proven(
        "end-of-a-plan",
        "`gateway maintenance end` for maintenance that the file plans",
        "it matches nobody (exit code 1) and says where to change it",
        "tests/cli/test_maintenance.py::test_a_plan_in_the_file_goes_live_without_a_restart",
    ),
)
