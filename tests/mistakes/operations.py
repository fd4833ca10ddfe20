"""Mistakes in keys, clocks and commands, each proven by a test of its own."""

from __future__ import annotations

from tests.mistakes.mistake import Proven

_SESSIONS = "tests/cli/test_sessions.py"
_BLOCK = "tests/cli/test_block.py"
_KEYS = "tests/reload/test_keys.py"

KEYS = (
    Proven(
        "authzen-no-rule",
        "a resource of the decision point has a path that no rule covers",
        "`gateway config validate` warns (`authzen-no-rule`)",
        "tests/config/lints/test_authzen.py::test_a_resource_that_no_rule_covers",
    ),
    Proven(
        "authzen-short-token",
        "a program asks the decision point with a token that can be guessed",
        "the gateway does not start: a bearer token has 32 characters or more",
        "tests/decision_point/test_server.py::test_a_token_that_is_too_short_stops_the_start",
    ),
    Proven(
        "key-before-the-others",
        "a machine gets a new session key before the others",
        "it goes on with the old key until all have the new one: nobody is logged out",
        f"{_KEYS}::test_a_process_that_starts_with_a_new_key_waits_for_the_others",
    ),
    Proven(
        "key-on-one-machine",
        "a new key is copied to one of two machines and forgotten on the other",
        "`/readyz` and the log name the machine that lacks it; nothing is sealed with it",
        f"{_KEYS}::test_a_key_that_only_others_have_is_reported",
    ),
    Proven(
        "key-overwritten",
        "a key file is overwritten by one with a single new key",
        "the running gateway keeps the earlier key until nothing needs it",
        f"{_KEYS}::test_a_replaced_file_with_room_for_one_key_ends_nothing",
    ),
    Proven(
        "key-damaged",
        "a key file is damaged while the gateway runs",
        "the keys in use stay, and `/readyz` and the log say what cannot be read",
        f"{_KEYS}::test_a_file_that_cannot_be_read_changes_nothing",
    ),
    Proven(
        "key-file-odd",
        "a line of a key file is damaged, or of another purpose",
        "the file is refused, with the line",
        "tests/key_files/test_keyring.py::test_a_damaged_file_is_refused_with_the_place",
    ),
    Proven(
        "key-short",
        "a password of eight letters is used as a key",
        "the file is refused: too short",
        "tests/key_files/test_keyring.py::test_a_short_key_is_refused",
    ),
    Proven(
        "key-dropped",
        "the only key, or one that is still needed, is dropped",
        "`gateway keys drop` refuses, and says until when it is needed",
        "tests/config/test_key_files.py::test_a_key_is_dropped_unless_it_is_the_only_one",
    ),
    Proven(
        "key-purpose",
        "the purpose of a key is mistyped",
        "`gateway keys rotate` refuses, and changes nothing",
        "tests/cli/test_keys.py::test_an_unknown_purpose_changes_nothing",
    ),
    Proven(
        "assertion-key-at-once",
        "the key that signs assertions is changed, and the register still knows the old one only",
        "the new key is published first, and signs only after registers had time to read it",
        f"{_KEYS}::test_a_key_is_used_after_it_was_announced_for_long_enough",
    ),
)
COMMANDS = (
    Proven(
        "no-environment",
        "`--env` is forgotten",
        "what reads or changes sessions, orders, keys and gateways refuses; `doctor`, `config show` and `policy explain` look at T&I then, and"
        " say so",
        f"{_SESSIONS}::test_nothing_has_an_environment_by_default",
    ),
    Proven(
        "copied-config",
        "sessions are revoked beside a copy of the configuration, where no gateway runs",
        "the command says that there is no such store, makes none, and fails",
        f"{_SESSIONS}::test_beside_a_copied_configuration_nothing_is_made",
    ),
    Proven(
        "block-beside-copy",
        "a block is added beside a copy of the configuration",
        "the command says that no gateway reads it, and makes no file",
        f"{_BLOCK}::test_beside_a_copied_configuration_nothing_is_made",
    ),
    Proven(
        "nobody-matched",
        "a pseudonym is mistyped when sessions are revoked",
        "“nobody matched”, exit code 1",
        f"{_SESSIONS}::test_whom_nobody_matches_is_said",
    ),
    Proven(
        "block-nobody",
        "a pseudonym is mistyped when somebody is blocked",
        "“nobody matched”, and no block is made",
        f"{_BLOCK}::test_a_pseudonym_that_nobody_has_is_no_block",
    ),
    Proven(
        "number-with-dots",
        "an organisation's number is typed with dots, or as a VAT number",
        "it is read as the one code that it means",
        "tests/cli/test_people.py::test_an_organisation_has_one_code",
    ),
    Proven(
        "not-a-number",
        "an organisation's number has a digit too few",
        "the command refuses it, before it looks for anybody",
        "tests/cli/test_people.py::test_what_is_no_code_ends_the_command",
    ),
    Proven(
        "first-characters",
        "the first characters of a pseudonym fit two people",
        "the command names both, and ends nobody's session",
        "tests/cli/test_people.py::test_one_person_is_meant_or_nobody",
    ),
    Proven(
        "unclear",
        "a command names two people at once, or everybody without saying so",
        "it refuses, and ends nobody's session",
        f"{_SESSIONS}::test_what_is_not_clear_ends_nobody",
    ),
    Proven(
        "block-removed-half",
        "one of two blocks is removed, and the person is believed to be free",
        "`gateway block remove` says what still keeps them out",
        f"{_BLOCK}::test_removing_says_what_still_blocks",
    ),
    Proven(
        "gateway-silent",
        "a block is believed to be in force while a machine does not answer",
        "`--wait` names the machine, exit code 3",
        f"{_BLOCK}::test_machines_share_blocks_and_a_silent_one_is_named",
    ),
    Proven(
        "no-gateway",
        "nobody noticed that no gateway runs",
        "`--wait` says so, exit code 3",
        f"{_SESSIONS}::test_a_wait_without_a_gateway_is_not_confirmed",
    ),
    Proven(
        "init-in-a-full-folder",
        "`gateway init` is run where a configuration is",
        "it overwrites nothing, and exits with 1",
        "tests/cli/test_init.py::test_it_never_overwrites",
    ),
    Proven(
        "port-taken",
        "a second gateway is started on the same port",
        "it says which address is taken, and exits with 1, also with several workers",
        "tests/cli/test_serve.py::test_a_port_that_is_taken_is_told",
    ),
    Proven(
        "policy-ends-process",
        "a policy of one's own calls `os._exit(0)`, or crashes, while `diff` or `replay` ask it",
        "the command says that its output is not complete, and exits with 70",
        "tests/cli/test_child_process.py::test_a_policy_that_ends_the_process_when_it_decides_is_no_answer",
    ),
)
CLOCKS = (
    Proven(
        "clock-differs",
        "the clock of the gateway, or of ACM, is minutes off",
        "logins fail with reason `clock-skew` and the difference; `gateway doctor` compares the clocks",
        "tests/auth/test_login.py::test_clocks_that_differ_are_told_by_how_much",
    ),
    Proven(
        "clock-set-back",
        "the clock is set back while ACM does not answer",
        "nothing waits for the clock: ACM is asked again after the usual pause",
        "tests/auth/test_provider_clock.py::test_a_clock_that_is_set_does_not_keep_the_provider_away",
    ),
    Proven(
        "clock-recheck",
        "the clock is set back while people work",
        "ACM is asked about their rights again as often as before",
        "tests/session/test_recheck.py::test_a_clock_that_is_set_back_puts_no_recheck_off",
    ),
    Proven(
        "clock-emergency",
        "the clock is set back while an emergency rule is open",
        "it stays open no longer than it was opened for",
        "tests/reload/test_emergency.py::test_a_clock_that_is_set_back_makes_it_no_longer",
    ),
)
MISTAKES = (*KEYS, *COMMANDS, *CLOCKS)
