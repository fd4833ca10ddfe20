"""What keeps a configuration from being written."""

from __future__ import annotations


class NotRendered(Exception):
    """This environment, or a value in it, can't be written for this engine. The message says what to do."""
