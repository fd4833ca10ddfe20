"""The login hint for ACM: the identity that a person wants to log in with (ACM page "gericht aanmelden")."""

from __future__ import annotations

import json
import re
from base64 import b64encode

DOELGROEPEN = ("GID", "EA", "LB", "OV", "BUR", "VER")
_CODE = re.compile(r"[0-9A-Za-z]{1,32}")


def login_hint(doelgroep: str | None, organisation: str | None) -> str | None:
    """The `login_hint` for a doelgroep, or an organisation (KBO number, OVO code) in one; None for neither.

    Raises ValueError with a message for the author of the link.
    """
    if doelgroep is None and organisation is None:
        return None
    if doelgroep not in DOELGROEPEN:
        raise ValueError(f"doelgroep is one of {', '.join(DOELGROEPEN)}")
    hint = {"cap_hint": doelgroep}
    if organisation is not None:
        if not _CODE.fullmatch(organisation):
            raise ValueError("organisation is a code of letters and digits, without dots")
        hint["code_hint"] = organisation
    return b64encode(json.dumps(hint, separators=(",", ":")).encode("ascii")).decode("ascii")
