"""The address of Redis sentinels, and how Redis servers and the gateway prove who they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HOST: Final = r"(?:[A-Za-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
SENTINEL_URL: Final = re.compile(
    rf"(?P<scheme>rediss?)\+sentinel://(?:(?P<user>[A-Za-z0-9._%-]+)@)?(?P<hosts>{_HOST}(?:,{_HOST})*)"
    r"/(?P<master>[A-Za-z0-9._-]+)(?:/(?P<db>[0-9]{0,4}))?"
)
"""Sentinels by host and port, the name of the master that they watch, and the number of the database."""


@dataclass(frozen=True, slots=True)
class RedisTls:
    """For rediss://. `authority` judges the server's certificate (the machine's own authorities by default), which must
    name `server_name` or the host of its address; `certificate` and `key` are the gateway's own. All files are PEM.
    """

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str | None = None


NO_TLS: Final = RedisTls()
"""Nothing is set."""
