"""The form of every log line, ours and those of libraries, and the last filter that keeps secrets out of them."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import structlog

from gateway.observe.log_room import LogRoom
from gateway.observe.masking import clean
from gateway.reference import reference_of

_OWN_KEYS = frozenset({"event", "level", "timestamp", "logger"})
_LIBRARIES = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")
# Their lines contain the addresses and headers of every call.
_CHATTY = ("authlib", "httpx", "httpx2", "httpcore", "httpcore2", "uvicorn.access")


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: values under secret keys are dropped, national numbers and tokens masked."""
    for key, value in event.items():
        if key == "event":
            event[key] = clean(value)
        elif key not in _OWN_KEYS:
            event[key] = clean(value, key)
    return event


def with_reference(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: a line about a request carries the reference that its page shows."""
    request_id = event.get("request_id")
    if isinstance(request_id, str):
        event["reference"] = reference_of(request_id)
    return event


def configure_logs(
    *,
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["json", "console"] = "json",
    stream: TextIO | None = None,
) -> None:
    """Write all logs to `stream` (by default standard error), one JSON object a line or readable for a person.

    Of our own lines that say the same, thousands in a second are counted (`left_out`) and not written.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        with_reference,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Any]
    if form == "json":
        last = [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer(default=str)]
    else:
        colours = bool(getattr(stream or sys.stderr, "isatty", bool)())
        last = [
            structlog.processors.format_exc_info,
            redact,
            structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback),
        ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    number = getattr(logging, level.upper())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.NOTSET)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    structlog.configure(
        processors=[LogRoom(), *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
