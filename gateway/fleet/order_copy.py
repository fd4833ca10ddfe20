"""A copy of an order on this machine, for a session store that lost it."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from gateway.files.atomic_file import locked, replace
from gateway.files.plain_file import read_plain
from gateway.files.reason import reason
from gateway.session.board import LastingOrder

log = structlog.get_logger()

_BROKEN: Final = (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError)


class OrderCopy:
    """The copy at `path`, readable by its owner only. Where it cannot be written, there simply is none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> LastingOrder | None:
        """The order as it was last kept; None where there is none or it is broken, which is logged."""
        try:
            return self._read()
        except _BROKEN as problem:
            why = reason(problem) if isinstance(problem, OSError) else "it is damaged"
            # Where the store lost the order too, it is not in force any more.
            log.error("a copy of what operators ordered cannot be read", path=str(self._path), reason=why)
            return None

    def _read(self) -> LastingOrder | None:
        """The same. Raises one of _BROKEN."""
        try:
            data = json.loads(read_plain(self._path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return LastingOrder(int(data["revision"]), json.dumps(data["order"]).encode("ascii"))

    def keep(self, order: LastingOrder) -> None:
        """Keep an order, whose content is JSON."""
        with suppress(*_BROKEN):
            known = self._read()
            if known is not None and known.revision == order.revision:
                return
        content = json.dumps({"revision": order.revision, "order": json.loads(order.content)}, indent=1)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(self._path):
                replace(self._path, content.encode("ascii"))
        except OSError as problem:
            log.info("no copy of the shared orders is kept", path=str(self._path), reason=problem.strerror)
