"""What an operator can set about open streams."""

from __future__ import annotations

from pydantic import Field

from gateway.settings import Duration, Settings


class StreamSettings(Settings):
    """How long an answer or upload that lasts may go on after the session, the right or the rule has ended."""

    judge_every: Duration = Field(default=5.0, ge=0.1, le=300.0)
    """Open streams are judged again this often, and within a second after a reload, a block or a logout here."""

    unjudged: Duration = Field(default=30.0, ge=0.0, le=3600.0)
    """How long a stream goes on while nobody can judge it: the session store or a fact source does not answer."""
