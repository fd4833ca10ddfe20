"""Mistakes with decision records, and what somebody does to hide a trace."""

from typing import Final

from tests.mistakes.mistake import Proven

_VERIFY: Final = "`gateway records verify --env` reports it"
_PROOF: Final = "tests/observe/test_proof.py"

MISTAKES: Final = (
    Proven("records-cut", "the newest records are cut off", _VERIFY, f"{_PROOF}::test_what_is_cut_off_at_the_end_is_missed"),
    Proven("records-chain", "all records of one process are removed", _VERIFY, f"{_PROOF}::test_a_whole_chain_that_is_gone_is_missed"),
    Proven(
        "records-rewritten", "records are rewritten, with hashes that fit", _VERIFY,
        f"{_PROOF}::test_a_chain_that_was_rewritten_with_its_hashes_is_found_out",
    ),
    Proven(
        "records-head", "the sealed head beside the records is removed, or replaced", _VERIFY,
        f"{_PROOF}::test_a_head_that_is_gone_or_began_anew_is_a_fault",
    ),
    Proven(
        "records-garbage", "the file of records has nothing but halves of lines", _VERIFY,
        f"{_PROOF}::test_cut_lines_alone_are_not_sound",
    ),
    Proven(
        "records-full", "the disk of the records is full, where no request may go without one",
        "nothing reaches the register, and `/readyz` says why",
        "tests/pipeline/test_judge.py::test_nothing_reaches_the_register_without_a_record_where_that_is_denied",
    ),
    Proven(
        "records-flood", "somebody sends garbage until the disk is full of records",
        "of each reason and address some are recorded, the others are counted",
        "tests/observe/test_record_writer.py::test_strangers_do_not_fill_the_disk",
    ),
    Proven(
        "records-moment", "a time that is mistyped, or still to come, after `--since`",
        "`gateway records show` refuses it, and says how to write one",
        "tests/cli/test_records.py::test_today_and_what_is_still_to_come",
    ),
    Proven(
        "records-nobody", "a rule or organisation is mistyped in a search",
        "exit code 1 and `no record matches`, with how many were read",
        "tests/cli/test_records.py::test_records_are_found",
    ),
    Proven(
        "records-rules", "other rules are put in the place of those that were in force",
        "`gateway explain` refuses them",
        "tests/config/test_rule_archive.py::test_what_the_gateway_did_not_write_is_not_read",
    ),
)  # fmt: skip
