"""A decision point in the open, and names of resources that lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.lints.warned import warned

POINT = (
    "environment: {{authzen: {{listen: '{}', url: 'https://pdp.test', callers: {{r: {{bearer: ['env:PDP_TOKEN']}}}}{}}}}}\n"
    "rules: [{{id: a, match: {{path: '/records/{{x}}', methods: [GET]}}, require: [anyone]}}]\n"
)


@pytest.mark.parametrize(
    ("address", "warns"),
    [
        ("127.0.0.1:8010", False), ("127.1.2.3:8010", False), ("[::1]:8010", False), ("localhost:8010", False),
        ("0.0.0.0:8010", True), ("10.0.0.5:8010", True), ("[::]:8010", True), ("pdp.test:8010", True),
    ],
)  # fmt: skip
def test_listening_where_others_can_read_along(tmp_path: Path, address: str, warns: bool) -> None:
    assert bool(warned(tmp_path, POINT.format(address, ""), "authzen-plain")) is warns


@pytest.mark.parametrize(
    ("path", "warns"),
    [
        ("/records/{id}", False), ("/archive/{id}", True), ("/records/{id}/{part}", True), ("{id}", False),
    ],
)  # fmt: skip
def test_a_resource_that_no_rule_covers(tmp_path: Path, path: str, warns: bool) -> None:
    resources = f", resources: {{report: {{path: '{path}'}}}}"
    assert bool(warned(tmp_path, POINT.format("127.0.0.1:8010", resources), "authzen-no-rule")) is warns


def test_a_resource_whose_methods_no_rule_has(tmp_path: Path) -> None:
    more = ", resources: {report: {path: '/records/{id}'}}, actions: {drop: [{method: DELETE}]}"
    assert warned(tmp_path, POINT.format("127.0.0.1:8010", more), "authzen-no-rule")


@pytest.mark.parametrize(
    ("properties", "warns"),
    [
        ("{role: admin}", False), ("{rights: [nothing-like-it]}", True), ("{doelgroep: 1}", True),
        ("{authenticated_at: yesterday}", True), ("{rights: ['A-B:0428315871']}", False),
    ],
)  # fmt: skip
def test_a_subject_that_cannot_be_read(tmp_path: Path, properties: str, warns: bool) -> None:
    more = f", subjects: {{user: {{claims: [role], known: {{bob: {properties}}}}}}}"
    assert bool(warned(tmp_path, POINT.format("127.0.0.1:8010", more), "authzen-subject")) is warns
