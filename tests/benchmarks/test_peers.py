"""The parts of `benchmarks.peers` that need no servers: what wrk printed, medians, tables, the docs, the chart."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.peers import __main__ as command
from benchmarks.peers.chart import chart
from benchmarks.peers.load import Run, median, read
from benchmarks.peers.peers import PEERS
from benchmarks.peers.processes import TEMPLATES, NotRunning, render
from benchmarks.peers.report import CADDY, END, NGINX, START, Report, as_json, as_text, fill, ratio, table

_WRK = """Running 2s test @ http://127.0.0.1:40001/
  1 threads and 32 connections
  Latency Distribution
     50%  420.00us
     75%    0.88ms
     90%    2.10ms
     99%    1.20s
  8000 requests in 2.00s, 9.31MB read
Requests/sec:   4000.50
Transfer/sec:      4.65MB
"""
ROWS = {NGINX: Run(60_000, 12, 0.4, 0.9), CADDY: Run(20_000, 44, 1.4, 4), "gateway": Run(10_000, 95.25, 3, 5)}


def report(**changes: object) -> Report:
    whole = {
        "date": "2026-11-26", "machine": "2 cores x86_64", "load_average": 0.1, "seconds": 4, "rounds": 5,
        "versions": {NGINX: "1.22.1"}, "results": {"bare": ROWS, "browser": ROWS},
        "skipped": {"Envoy": "not on this machine"},
    }  # fmt: skip
    return Report(**{**whole, **changes})  # type: ignore[arg-type]


def test_a_run_is_read_from_what_wrk_printed() -> None:
    assert read(_WRK, 0.4) == Run(4000.5, 50.0, 0.42, 1200.0)


@pytest.mark.parametrize("fault", ["  Non-2xx or 3xx responses: 12", "  Socket errors: connect 0, read 3"])
def test_a_run_with_failed_requests_is_no_result(fault: str) -> None:
    with pytest.raises(NotRunning, match=fault.strip()):
        read(f"{_WRK}{fault}\n", 0.4)


def test_each_figure_has_its_own_median() -> None:
    assert median([Run(1, 30, 5, 9), Run(2, 10, 6, 8), Run(3, 20, 4, 7)]) == Run(2, 20, 5, 8)


def test_ratios_compare_with_what_was_measured_only() -> None:
    assert ratio(ROWS, "gateway", CADDY) == 0.5
    assert ratio({"gateway": ROWS["gateway"]}, "gateway", CADDY) is None


def test_the_table_is_sorted_and_lines_up() -> None:
    lines = table(ROWS).splitlines()
    assert lines[2:] == [
        "| nginx, plain proxy |     60,000 |    1.00 |    3.00 |            12.0 |   0.40 |   0.90 |",
        "| Caddy, plain proxy |     20,000 |    0.33 |    1.00 |            44.0 |   1.40 |   4.00 |",
        "| gateway            |     10,000 |    0.17 |    0.50 |            95.2 |   3.00 |   5.00 |",
    ]
    assert len({len(line) for line in lines}) == 1


def test_a_report_names_what_was_skipped_and_a_busy_machine() -> None:
    assert "Skipped: Envoy: not on this machine" in as_text(report())
    assert "busy" not in as_text(report())
    assert "busy" in as_text(report(load_average=3.0))


def test_json_has_the_ratios() -> None:
    found = json.loads(json.dumps(as_json(report())))
    assert found["results"]["browser"]["gateway"]["per_caddy"] == 0.5
    assert found["skipped"] == {"Envoy": "not on this machine"}


def test_the_block_in_the_docs_is_replaced() -> None:
    page = f"before\n{START}\nold\n{END}\nafter\n"
    assert fill(page, "new") == f"before\n{START}\nnew\n{END}\nafter\n"
    with pytest.raises(ValueError, match="peers:start"):
        fill("no markers", "new")
    fill(command.PAGE.read_text("utf-8"), "new")


def test_the_chart_has_two_bars_for_each_target() -> None:
    root = ElementTree.fromstring(chart({"bare": ROWS, "browser": ROWS}, CADDY, "gateway"))
    bars = root.findall(".//{http://www.w3.org/2000/svg}rect")
    assert [float(bar.attrib["width"]) for bar in bars] == [400, 400, 133.3, 133.3, 66.7, 66.7]


def test_templates_have_no_value_that_nobody_gives(tmp_path: Path) -> None:
    assert (
        render(TEMPLATES / "Caddyfile", tmp_path / "Caddyfile", {"PORT": 1, "UPSTREAM": "a:2"})
        .read_text()
        .count("a:2")
        == 1
    )
    with pytest.raises(KeyError, match="UPSTREAM"):
        render(TEMPLATES / "Caddyfile", tmp_path / "Caddyfile", {"PORT": 1})


def test_peers_have_names_of_their_own() -> None:
    assert len({peer.name for peer in PEERS}) == len({peer.label for peer in PEERS}) == len(PEERS)
