"""What Chromium 156, Firefox 153 and WebKitGTK 2.50 send for each kind of request, and what somebody who is not logged
in must get for it: the login (`redirect`), a page, or data for a program.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple


class EngineCase(NamedTuple):
    id: str
    method: str
    headers: list[list[str]]
    outcome: str


ENGINES = [EngineCase(**case) for case in json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))]
