"""The dashboard and the alerts of deploy/observability: what they ask for exists, and each alert has its runbook."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from gateway.observe.metrics import Metrics

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/observability"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
LABELS = Metrics("ti", version="1").labels
# What Prometheus adds to each series, and what a histogram has.
ADDED = {"job", "instance"}
# What count_values makes.
MADE = {"rules", "settings"}
VARIABLES = {"$__rate_interval": "5m", "$job": "toegangspoort-prd", "${datasource}": "x"}


def labels_of(series: str) -> set[str]:
    """The labels that a series of this name has. Raises KeyError where there is no such metric."""
    if series in LABELS:
        return set(LABELS[series]) | ADDED
    name, _, part = series.rpartition("_")
    if part not in ("bucket", "count", "sum"):
        raise KeyError(series)
    return set(LABELS[name]) | ADDED | ({"le"} if part == "bucket" else set())


def without_variables(expression: str) -> str:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


def queries() -> Iterator[tuple[str, str, str]]:
    """What is asked, where, and the legend or words that name labels."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"], target["legendFormat"]
    for each in DASHBOARD["annotations"]["list"]:
        yield f"annotation {each['name']}", each["expr"], each["textFormat"]
    for rule in ALERTS:
        yield rule["alert"], rule["expr"], json.dumps(rule["annotations"])


def parts(node: Any) -> Iterator[Any]:
    """This part of an expression and all below it."""
    yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
        below = getattr(node, name, None)
        if below is not None:
            yield from parts(below)
    for each in getattr(node, "args", ()):
        yield from parts(each)


def asked(expression: str) -> tuple[set[str], set[str]]:
    """(series, labels) that an expression names; each matcher must be about a label of its own series."""
    series: set[str] = set()
    named: set[str] = set()
    for node in parts(promql_parser.parse(without_variables(expression))):
        if isinstance(node, promql_parser.VectorSelector):
            series.add(node.name)
            unknown = {matcher.name for matcher in node.matchers.matchers} - labels_of(node.name)
            assert not unknown, f"{node.name} has no label {unknown}"
        elif isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            named |= set(node.modifier.labels)
    return series, named


@pytest.mark.parametrize(
    ("where", "expression", "words"), list(queries()), ids=[each[0] for each in queries()]
)
def test_what_is_asked_for_exists(where: str, expression: str, words: str) -> None:
    series, named = asked(expression)
    assert series, f"{where} asks for nothing"
    known = set().union(*map(labels_of, series)) | MADE
    shown = set(re.findall(r"\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}", words))
    assert named | shown <= known, f"{where}: no label {(named | shown) - known}"


def test_every_metric_is_on_the_dashboard() -> None:
    series = set().union(*(asked(target)[0] for _, target, _ in queries()))
    shown = {re.sub(r"_(bucket|count|sum)$", "", name) if name not in LABELS else name for name in series}
    assert set(LABELS) - shown == {"toegangspoort_process_virtual_memory_bytes"}


def test_panels_have_their_own_place_and_number() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def kept(given: Any, taken: Any) -> Any:
    """`given` with what of it stands in `taken` too."""
    if isinstance(given, dict) and isinstance(taken, dict):
        return {name: kept(value, taken[name]) for name, value in given.items() if name in taken}
    if isinstance(given, list) and isinstance(taken, list) and len(given) == len(taken):
        return [kept(one, other) for one, other in zip(given, taken, strict=True)]
    return taken


def test_grafana_knows_every_part_of_the_dashboard() -> None:
    register_default_plugins()
    taken = json.loads(JSONEncoder().encode(Dashboard.from_json(DASHBOARD)))
    expected = json.loads(json.dumps(DASHBOARD))
    # What belongs to the data source, Prometheus, is not in Grafana's own schema.
    del expected["templating"]["list"][1]["definition"]
    for annotation in expected["annotations"]["list"]:
        del annotation["titleFormat"], annotation["textFormat"]
    assert kept(DASHBOARD, taken) == expected


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_has_its_runbook(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert rule["annotations"]["summary"] and rule["annotations"]["description"]
    path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert anchor in anchors(ROOT / path)


def test_every_alert_is_tried() -> None:
    tests = yaml.safe_load((FOLDER / "alerts_test.yaml").read_text("utf-8"))["tests"]
    tried = [
        (each["alertname"], bool(each["exp_alerts"])) for test in tests for each in test["alert_rule_test"]
    ]
    assert sorted(tried) == sorted((rule["alert"], fires) for rule in ALERTS for fires in (False, True))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (package prometheus)")
@pytest.mark.parametrize(
    "command", [("check", "rules", "alerts.yaml"), ("test", "rules", "alerts_test.yaml")], ids=" ".join
)
def test_prometheus_itself_takes_the_alerts(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["promtool", *command], cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
