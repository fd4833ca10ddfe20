"""Authentication methods that ACM doesn't have, and levels that are not its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gateway.config.lint import findings
from tests.config.test_lint import TODAY, configuration

RULES = "rules: [{id: a, match: {path: /a}, require: [authenticated]}]\n"
EID = "urn:be:vlaanderen:authmech:eid"


@pytest.mark.parametrize(
    ("provider", "codes"),
    [
        ({}, []),
        ({"levels": {EID: 35}}, []),
        ({"levels": {EID: 40}}, ["other-level"]),
        ({"levels": {}}, ["other-level"]),
        ({"levels": {f"{EID}d": 35}}, ["unknown-acr"]),
        ({"levels": {"itsme": 27}}, ["unknown-acr"]),
        ({"levels": {"mijnkaart": 27}}, ["unknown-acr"]),
        ({"levels": {"urn:example:badge": 27}}, []),
        ({"acr_values": [f"{EID}d"]}, ["unknown-acr"]),
        ({"acr_values": [EID]}, []),
        ({"acr_values": ["urn:example:badge"]}, []),
    ],
)
def test_levels(tmp_path: Path, provider: dict[str, object], codes: list[str]) -> None:
    path = configuration(tmp_path, RULES)
    document = yaml.safe_load(path.read_text())
    document["environments"]["ti"]["provider"] |= provider
    path.write_text(yaml.safe_dump(document))
    found = [each.code for each in findings(path, today=TODAY)[1]]
    assert [code for code in found if code in ("unknown-acr", "other-level")] == codes
