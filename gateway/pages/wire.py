"""Pages for what the listener refuses by itself: there is no request yet, only octets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from gateway import errors
from gateway.http_semantics import HeaderLine
from gateway.model import Viewer
from gateway.pages.error_response import ErrorResponses
from gateway.responses import Response

log = structlog.get_logger()


def wire_error(status: int) -> type[errors.GatewayError] | None:
    """The error whose page is shown for this status."""
    return _ERRORS.get(status)


_ERRORS: Final[Mapping[int, type[errors.GatewayError]]] = {
    400: errors.BadRequest,
    405: errors.MethodNotAllowed,
    408: errors.RequestTimeout,
    414: errors.AddressTooLong,
    431: errors.HeadersTooLarge,
    505: errors.VersionNotSupported,
}


@dataclass(frozen=True, slots=True)
class WirePages:
    """Makes a page for somebody whose browser sent what cannot be read."""

    answers: ErrorResponses

    def __call__(
        self, reason: str, status: int, lines: Iterable[HeaderLine], viewer: Viewer, request_id: str
    ) -> Response | None:
        """The page for a refusal, or None where nobody is shown a page. `lines` are the header lines that came."""
        kind = wire_error(status)
        if kind is None or viewer not in ("page", "frame"):
            return None
        log.info("request refused by the listener", reason=reason, request_id=request_id)
        return self.answers.error(kind(reason), request_id=request_id, raw_headers=lines, viewer=viewer)
