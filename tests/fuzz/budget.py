"""How much the fuzzers try: little and always the same in the suite, much and at random where FUZZ_EXAMPLES says so."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings


def budget(examples: int) -> Callable[[Any], Any]:
    """The settings of one fuzzer: so many examples, or FUZZ_EXAMPLES of them."""
    many = int(os.environ.get("FUZZ_EXAMPLES", "0"))
    return settings(
        max_examples=many or examples,
        derandomize=not many,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
