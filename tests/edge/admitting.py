"""Requests at the door of an environment: https://gw.test."""

from __future__ import annotations

from typing import Any

from gateway.edge.admit import Admission
from gateway.edge.readings import PathReader
from gateway.edge.settings import EdgeSettings, PathSettings
from gateway.model import CanonicalRequest

PREFIX = "__Host-tgp-ti-"


def admission(**edge: Any) -> Admission:
    return Admission(
        EdgeSettings.model_validate(edge),
        PathReader(PathSettings()),
        public_url="https://Gw.Test",
        cookie_prefix=PREFIX,
        language=lambda accept: "en" if accept.startswith(b"en") else "nl",
    )


def scope(
    *headers: tuple[str, str],
    target: str = "/x",
    method: str = "GET",
    peer: str = "203.0.113.9",
    version: str = "1.1",
) -> Any:
    return {
        "type": "http",
        "http_version": version,
        "method": method,
        "raw_target": target.encode("latin-1"),
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": (peer, 40000),
    }


def admit(*headers: tuple[str, str], edge: dict[str, Any] | None = None, **rest: Any) -> CanonicalRequest:
    return admission(**(edge or {})).admit(scope(("Host", "gw.test"), *headers, **rest))
