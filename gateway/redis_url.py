"""The address of Redis sentinels."""

from __future__ import annotations

import re
from typing import Final

_HOST: Final = r"(?:[A-Za-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
SENTINEL_URL: Final = re.compile(
    rf"(?P<scheme>rediss?)\+sentinel://(?:(?P<user>[A-Za-z0-9._%-]+)@)?(?P<hosts>{_HOST}(?:,{_HOST})*)"
    r"/(?P<master>[A-Za-z0-9._-]+)(?:/(?P<db>[0-9]{0,4}))?"
)
"""Sentinels by host and port, the name of the master that they watch, and the number of the database."""
