"""Reads whole files whose content is not yet known to be harmless: never a pipe or a device, never more than fits."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 16 << 20


def read_plain(path: Path, most: int = MOST_BYTES) -> bytes:
    """The content of a file of at most this many bytes.

    Raises OSError with words in `strerror`, also for anything that is not a file: reading that could last forever.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a file", str(path))
        content = bytearray()
        while len(content) <= most and (piece := os.read(descriptor, most + 1 - len(content))):
            content += piece
    finally:
        os.close(descriptor)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most} bytes", str(path))
    return bytes(content)
