"""The short reference of a request that people read aloud: 4C25-38B9."""

from __future__ import annotations

import hashlib


def reference_of(request_id: str) -> str:
    """Eight hexadecimal digits, from a hash: ids that a proxy made may all begin alike."""
    digits = hashlib.sha256(request_id.encode("utf-8", "replace")).hexdigest()[:8].upper()
    return f"{digits[:4]}-{digits[4:]}"
