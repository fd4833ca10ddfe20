"""What an operator can set about the opening of emergency rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from gateway.emergency.codes import is_hash
from gateway.settings import Duration, FileBeside, Settings


def _distinct(operators: Mapping[str, str]) -> Mapping[str, str]:
    seen: dict[str, str] = {}
    for name, code in operators.items():
        other = seen.setdefault(code, name)
        if other != name:
            raise ValueError(f"{other} and {name} have one code: either of them would be two people")
    return operators


def _hash(value: str) -> str:
    if not is_hash(value):
        raise ValueError("write what `gateway emergency code` printed for this person, never the code itself")
    return value


class EmergencySettings(Settings):
    """Who opens emergency rules, and where openings of this machine alone are kept."""

    file: FileBeside | None = None
    """The file with the openings of this machine alone; beside the blocks where nothing is said."""

    confirm_within: Annotated[Duration, Field(ge=60.0, le=86_400.0)] = 900.0
    """How long a second person has to confirm an opening."""

    operators: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{0,63}$")], Annotated[str, AfterValidator(_hash)]
        ],
        AfterValidator(_distinct),
    ] = Field(default_factory=dict)
    """Who may open emergency rules, each with the hash of a code of their own (`gateway emergency code`), for this
    environment alone. Without it, people are known by their account on the machine."""
