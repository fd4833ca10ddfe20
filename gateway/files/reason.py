"""Why a file could not be used, and by which account where that is the reason; nor is such a file taken for one that is missing."""

from __future__ import annotations

import errno
import os
import pwd
from pathlib import Path


def reason(problem: OSError) -> str:
    """The words of the system, with the account that asked where it may not."""
    words = problem.strerror or str(problem)
    if problem.errno not in (errno.EACCES, errno.EPERM):
        return words
    try:
        account = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        account = f"uid {os.geteuid()}"
    return f"{words} (as {account})"


def may_be_there(path: Path) -> bool:
    """Whether there is such a file, also where this account may not look: using it then says why."""
    try:
        path.stat()
    except OSError as problem:
        return isinstance(problem, PermissionError)
    return True
