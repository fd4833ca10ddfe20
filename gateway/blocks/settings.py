"""What an operator can set about blocks."""

from __future__ import annotations

from pydantic import Field

from gateway.settings import Duration, FileBeside, Settings


class BlockSettings(Settings):
    """Where blocks are kept. Gateways on several machines need a file that they share."""

    file: FileBeside | None = None
    """The file with the blocks; beside the session store, or var/ENVIRONMENT.blocks.json, where nothing is said."""

    look_every: Duration = Field(default=1.0, ge=0.1, le=60.0)
    """How often each worker looks whether the file has changed: how late a block is seen."""
