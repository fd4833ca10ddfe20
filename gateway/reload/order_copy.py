"""A copy of an order on this machine, for a session store that lost it."""

from __future__ import annotations

import json
from pathlib import Path

import structlog

from gateway.files.atomic_file import locked, replace
from gateway.files.plain_file import read_plain
from gateway.session.board import LastingOrder

log = structlog.get_logger()


class OrderCopy:
    """The copy at `path`, readable by its owner only. Where it cannot be written, there simply is none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> LastingOrder | None:
        """The order as it was last kept; None where there is none or it is broken."""
        try:
            data = json.loads(read_plain(self._path))
            return LastingOrder(int(data["revision"]), json.dumps(data["order"]).encode("ascii"))
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None

    def keep(self, order: LastingOrder) -> None:
        """Keep an order, whose content is JSON."""
        known = self.read()
        if known is not None and known.revision == order.revision:
            return
        content = json.dumps({"revision": order.revision, "order": json.loads(order.content)}, indent=1)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(self._path):
                replace(self._path, content.encode("ascii"))
        except OSError as problem:
            log.info("no copy of the shared blocks is kept", path=str(self._path), reason=problem.strerror)
