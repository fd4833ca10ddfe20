"""`python -m tests.worker PROGRAM ARGUMENT...`: the process of one worker, which has imported all that it needs."""

from __future__ import annotations

import sys

from prometheus_client import values

if __name__ == "__main__":
    # Chosen when it was imported, by the variable that a gateway sets for its workers.
    values.ValueClass = values.get_value_class()
    exec(sys.argv.pop(1))
