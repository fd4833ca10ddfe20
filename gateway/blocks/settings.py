"""What an operator can set about blocks."""

from __future__ import annotations

from pydantic import Field

from gateway.settings import Duration, FileBeside, Settings


class BlockSettings(Settings):
    """Where blocks are kept on this machine; those that all gateways share are in the session store."""

    file: FileBeside | None = None
    """The file with the blocks of this machine alone; beside the session store, or var/ENVIRONMENT.blocks.json, where nothing
    is said."""

    look_every: Duration = Field(default=1.0, ge=0.1, le=60.0)
    """How often each worker looks for new blocks and revoked sessions: how late they are seen."""
