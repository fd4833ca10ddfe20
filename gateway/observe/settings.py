"""What an operator can set about logs, decision records, metrics and health."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from gateway.settings import Duration, ListenAddress, SecretRef, Settings

_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class RecordsTarget:
    """Where decision records go; `path` is set for a file, and complete."""

    kind: Literal["stdout", "file", "none"]
    path: Path | None = None


def _target(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, RecordsTarget):
        return value
    if value in ("stdout", "none"):
        return RecordsTarget(value)
    if not isinstance(value, str) or not value.startswith("file:") or value == "file:":
        raise ValueError("write stdout, none or file:PATH")
    folder = Path((info.context or {}).get("folder", Path()))
    return RecordsTarget("file", folder / value.removeprefix("file:"))


Target = Annotated[
    RecordsTarget,
    BeforeValidator(_target),
    WithJsonSchema({"type": "string", "pattern": r"^(stdout|none|file:.+)$"}),
]


def _collector(value: str) -> str:
    parts = urlsplit(value)
    try:
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("write the address of the collector: https://collector.example.be/v1/traces")
    return value if parts.path not in ("", "/") else f"{value.rstrip('/')}/v1/traces"


class TracingSettings(Settings):
    """Traces, in the form of OpenTelemetry, for a part of the requests."""

    otlp: Annotated[str, AfterValidator(_collector)]
    """Address of a collector that takes OTLP over HTTP: http://127.0.0.1:4318. Without a path, that is /v1/traces."""

    sample: float = Field(default=0.01, ge=0.0, le=1.0)
    """Part of the requests that are traced. What a trusted proxy traces is traced here too."""

    headers: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")], SecretRef] = Field(
        default_factory=dict
    )
    """Headers for the collector, such as Authorization, each as file:PATH or env:NAME."""

    @model_validator(mode="after")
    def _keeps_secrets(self) -> Self:
        parts = urlsplit(self.otlp)
        if self.headers and parts.scheme == "http" and parts.hostname not in _LOCAL:
            raise ValueError("with `headers` the address begins with https://: they hold secrets")
        return self


class ObserveSettings(Settings):
    """What operators and auditors get to see."""

    listen: ListenAddress = "127.0.0.1:8001"
    """Address for /healthz, /readyz and /metrics, as HOST:PORT or unix:PATH; keep it away from the public."""

    records: Target = RecordsTarget("stdout")
    """Where decision records go: stdout, file:PATH (rotation-safe) or none. Relative paths start at this file."""

    records_queue: int = Field(default=10_000, ge=100, le=1_000_000, strict=True)
    """Most records that wait to be written; together they take at most 2 KiB times this number. When the disk cannot keep up, more are dropped and counted."""

    records_when_full: Literal["deny", "continue"] = "continue"
    """While records cannot be written, because the disk is full or too slow: let requests go on, and count those whose
    records are lost; or let nothing through to the register (503)."""

    complaint_interval: Duration = 60.0
    """At most one log line in this time about records that cannot be written."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least serious log lines that are written."""

    log_format: Literal["json", "console"] = "json"
    """json for machines, console for a person who watches."""

    tracing: TracingSettings | None = None
    """Traces for OpenTelemetry; without it there are none."""
