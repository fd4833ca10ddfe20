"""T&I and PRD mixed up, in one file or in files of their own."""

from __future__ import annotations

from tests.mistakes.mistake import Mistake, Proven

_START = "the gateway that starts is refused, and `gateway doctor` fails"
_CARD = "`config validate --against CARD` and `environment_cards:` refuse the file"
_PROMOTE = "`gateway config promote`"

MISTAKES = (
    Mistake(
        "client-of-ti",
        "PRD has the client id of T&I, in one file",
        [
            (
                "client_id: 5b0c3a52-6f0e-4f0a-9d53-0f5a1c7be002",
                "client_id: 5b0c3a52-6f0e-4f0a-9d53-0f5a1c7be001",
            )
        ],
        ["error:share their client"],
    ),
    Mistake(
        "key-of-ti",
        "PRD names the session key of T&I, in one file",
        [("file:secrets/prd/session.key", "file:secrets/ti/session.key")],
        ["error:share their key"],
    ),
    Proven(
        "client-of-ti-elsewhere",
        "the same client in the files of both environments",
        _CARD,
        "tests/cli/test_card.py::test_a_card_is_printed_and_compared",
    ),
    Proven(
        "secrets-copied",
        "the secrets folder of T&I is copied to PRD, under PRD's names",
        f"{_CARD}; on one machine {_START}",
        "tests/fleet/test_neighbours.py::test_two_files_that_use_one_folder",
    ),
    Proven(
        "key-for-another-use",
        "T&I's key for sessions is PRD's for logins",
        _CARD,
        "tests/config/test_card.py::test_copied_keys_are_found_in_whatever_use",
    ),
    Proven(
        "one-redis",
        "two files use one Redis database, by its socket and by its port",
        _START,
        "tests/fleet/test_neighbours.py::test_one_database_of_redis_whatever_it_is_called",
    ),
    Proven(
        "one-sqlite",
        "two files use one SQLite file",
        _START,
        "tests/fleet/test_neighbours.py::test_two_files_with_one_store",
    ),
    Proven(
        "two-registers-one-store",
        "two registers, both with an environment `prd`, use one store",
        _START,
        "tests/fleet/test_neighbours.py::test_another_register_with_the_same_name",
    ),
    Proven(
        "card-edited",
        "a line is taken out of a card so that the check passes",
        "the signature: such a card is refused",
        "tests/config/test_card.py::test_every_change_is_noticed",
    ),
    Proven(
        "host-of-ti-promoted",
        "a rule with the host of T&I is promoted",
        f"{_PROMOTE} names the conflict, and writes nothing",
        "tests/promotion/test_plan.py::test_a_rule_that_names_the_other_environment_is_a_conflict",
    ),
    Proven(
        "testers-promoted",
        "a rule for testers alone comes along with a release",
        f"{_PROMOTE} leaves it, unless `--rule` names it",
        "tests/promotion/test_plan.py::test_both_in_one_file",
    ),
    Proven(
        "promoted-too-much",
        "a promotion takes a page away from more people than was thought",
        f"{_PROMOTE} refuses over the threshold of the replay or the shadow report",
        "tests/cli/test_promote.py::test_a_replay_over_the_threshold_is_refused",
    ),
    Proven(
        "promoted-into-config-map",
        "a promotion writes into a mounted ConfigMap, which the next version undoes",
        f"{_PROMOTE} refuses symbolic links",
        "tests/cli/test_promote.py::test_a_config_map_is_refused",
    ),
    Proven(
        "promoted-twice",
        "somebody edits the file of PRD while a promotion asks",
        f"{_PROMOTE} writes nothing over a file that changed",
        "tests/promotion/test_write.py::test_a_file_that_changed_meanwhile_is_not_overwritten",
    ),
)
