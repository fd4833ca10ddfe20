"""One attack, in a process of its own, until that is ended: `python -m benchmarks.attacks.attacker NAME PORT`."""

from __future__ import annotations

import asyncio
import os
import resource
import sys

from benchmarks.attacks import bodies, connections, logins, pipelines, registers
from benchmarks.attacks.aim import Aim, Attack


async def _nothing(_: Aim) -> None:
    await asyncio.sleep(3_600)


ATTACKS = (
    Attack("none", "no attack", _nothing),
    *pipelines.ATTACKS,
    *connections.ATTACKS,
    *bodies.ATTACKS,
    *registers.ATTACKS,
    *logins.ATTACKS,
)


async def attack(name: str, port: int) -> None:
    """Run the attack of this name. Raises KeyError for a name that no attack has."""
    found = {each.name: each for each in ATTACKS}[name]
    await found.run(Aim(port, found.addresses))


if __name__ == "__main__":
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    os.nice(5)  # the bystander and the register come first
    asyncio.run(attack(sys.argv[1], int(sys.argv[2])))
