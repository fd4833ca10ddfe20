"""What a request would meet, as far as this machine knows."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from gateway.cli.closures import maintenance_data, maintenance_met, maintenance_words
from gateway.config import load
from gateway.model import DecisionInput
from gateway.policy.maintenance import MAINTENANCE, OrderedMaintenance


def test_what_was_ordered_is_known_by_the_copy_and_the_file_of_this_machine(config: Path) -> None:
    found = load(config)
    asked = DecisionInput("GET", "h", "/a", ("a",), "", time.time())
    assert maintenance_met(found, "ti", asked) is None
    assert maintenance_data(None) is None
    one = OrderedMaintenance("m-1", "an", 1.0, asked.now - 60, paths=("/a",))
    order = json.loads(MAINTENANCE.text([one], "ti"))
    copy = found.orders_copy("ti", "maintenance")
    copy.parent.mkdir(exist_ok=True)
    copy.write_text(json.dumps({"revision": 1, "order": order}))
    met = maintenance_met(found, "ti", asked)
    assert met is not None
    assert "nobody knows until when (m-1, /a)" in maintenance_words(met)
    data = maintenance_data(met)
    assert data is not None
    assert (data["id"], data["until"]) == ("m-1", None)
    found.orders_file("ti", "maintenance").write_text("{")
    with pytest.raises(ValueError, match="not a file of maintenance"):
        maintenance_met(found, "ti", asked)
