"""Blocks that find nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from gateway.analysis.lint import Finding
from gateway.blocks.block_list import Block, read, read_copy
from gateway.config.load import Source
from gateway.config.positions import Place


def lost_blocks(source: Source) -> Iterator[Finding]:
    """Blocks in force that find nobody, because the key that made their pseudonym is not configured."""
    for name, settings in source.config.environments.items():
        try:
            keys = {key.id for key in settings.ring("pseudonyms").read()}
            blocks = _blocks(source, name)
        except ValueError:
            continue  # `gateway doctor` says what cannot be read
        lost = [each.id for each in blocks if each.in_force(time.time()) and each.under_lost_key(keys)]
        if lost:
            place: Place = ("environments", name, "session", "key")
            if settings.keys.pseudonyms is not None:
                place = ("environments", name, "keys", "pseudonyms", "key")
            words = (
                f"these blocks have no effect, because the key of their pseudonyms is not among those of {name!r}:"
                f" {', '.join(sorted(lost))}; name it as a previous key, or block these people again"
            )
            yield Finding(source.at(place), "block-without-key", words)


def _blocks(source: Source, name: str) -> Sequence[Block]:
    """The blocks of this machine, and its copy of the blocks that all gateways share."""
    config = source.config
    return (*(read(config.blocks_file(name), name) or ()), *read_copy(config.blocks_copy(name), name))
