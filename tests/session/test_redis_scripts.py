"""The scripts need nothing that a documented user may not do. What they do is tested with the store."""

from __future__ import annotations

import re

from gateway.session import redis_scripts
from gateway.session.redis_permissions import COMMANDS


def test_every_command_is_among_those_that_the_user_is_granted() -> None:
    scripts = [text for name, text in vars(redis_scripts).items() if name.isupper()]
    used = {name.lower() for text in scripts for name in re.findall(r"redis\.call\('(\w+)'", text)}
    assert len(used) > 8
    assert used <= set(COMMANDS)
