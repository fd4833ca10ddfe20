"""The result of one check of `gateway doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found: `says` is one line, `do` is what to do about it.

    `cause` tells what went wrong with another server: a kind of gateway.outgoing.failure, "http" for a status, or "answer".
    """

    check: str
    status: Status
    says: str
    do: str = ""
    cause: str = ""
