"""The parts of `benchmarks.attacks` that need no peers: outcomes, the table, the docs, memory, the bystander."""

from __future__ import annotations

import math
import os
from typing import Any

import pytest

from benchmarks.attacks import __main__ as command
from benchmarks.attacks.attacker import ATTACKS
from benchmarks.attacks.bystander import ask
from benchmarks.attacks.measure import Outcome, best, outcome
from benchmarks.attacks.memory import forget_peak, peak, resident
from benchmarks.attacks.report import END, START, Report, as_text, cell
from benchmarks.attacks.run import TARGETS
from benchmarks.peers.report import fill
from tests.edge.listening import Application, answer, listening


def test_waits_become_an_outcome() -> None:
    assert outcome([0.001, 0.003, None, 0.002], 7.0) == Outcome(2.0, 3.0, 0.75, 7.0)
    assert outcome([None], 7.0) == Outcome(math.inf, math.inf, 0.0, 7.0)


def test_each_figure_has_its_own_best() -> None:
    assert best([Outcome(1, 30, 0.5, 9), Outcome(2, 20, 1, 8)]) == Outcome(1, 20, 1, 8)


def test_a_cell_says_what_was_not_answered() -> None:
    assert cell(Outcome(2.4, 1_234, 1, 7.6)) == "2 ms, 1.2 s; 8 MB"
    assert cell(Outcome(2.4, 30, 0.5, 0)) == "50% answered; 2 ms, 30 ms; 0 MB"
    assert cell(Outcome(math.inf, math.inf, 0, 3)) == "none answered; 3 MB"


def test_the_table_has_a_row_for_each_attack_that_was_measured() -> None:
    found = {"none": {"gateway": Outcome(1, 2, 1, 0), "nginx": Outcome(1, 3, 1, 0)}}
    report = Report(
        "2026-11-26", "2 cores", 0.1, 10, 3, {"nginx": "1.22.1"}, ("gateway", "nginx"), found, {"Envoy": "missing"}
    )  # fmt: skip
    text = as_text(report, ATTACKS)
    assert (
        "| attack | gateway | nginx |\n|---|---|---|\n| no attack | 1 ms, 2 ms; 0 MB | 1 ms, 3 ms; 0 MB |"
        in text
    )
    assert "nginx 1.22.1" in text
    assert "Skipped: Envoy: missing" in text


def test_the_page_has_a_place_for_the_table() -> None:
    assert "\nnew\n" in fill(command.PAGE.read_text("utf-8"), "new", start=START, end=END)


def test_attacks_have_names_of_their_own_and_name_targets_that_exist() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    names = {target.name for target in TARGETS}
    assert all(set(attack.targets or ()) <= names for attack in ATTACKS)


def test_the_peak_of_memory_is_that_since_it_was_forgotten() -> None:
    forget_peak(os.getpid())
    before = resident(os.getpid())
    large = bytearray(b"x") * 50_000_000
    del large
    assert 40 < peak(os.getpid()) - before < 120
    forget_peak(os.getpid())
    assert peak(os.getpid()) - resident(os.getpid()) < 20


class Register(Application):
    async def public(self, scope: Any, receive: Any, send: Any) -> None:
        await answer(send, 200 if b"a=1" in dict(scope["headers"]).get(b"cookie", b"") else 403, b"ok")


@pytest.mark.parametrize(("cookie", "answered"), [("a=1", True), ("", False)])
async def test_a_bystander_counts_only_whole_good_answers(cookie: str, answered: bool) -> None:
    with listening(Register()) as (running, _, _):
        assert (await ask(running.port, cookie) is not None) is answered
