"""A session as bytes, with the version of their form: what a newer or older gateway cannot read is no session."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from gateway.model import ClaimFault, Identity, Organisation, Right, Tokens

_FORM = 1


@dataclass(frozen=True, slots=True)
class Session:
    """What is remembered of a login. `id` is public: it opens nothing. Times are seconds since the epoch.

    `checked_at` is when the provider last said what the person may do. Until `lenient_until` the session goes on
    although that could not be asked again.
    """

    id: str
    identity: Identity
    created_at: float
    expires_at: float
    tokens: Tokens | None = None
    checked_at: float = 0.0
    lenient_until: float = 0.0


def encode(session: Session) -> bytes:
    """The session in JSON, UTF-8."""
    identity = {
        "issuer": session.identity.issuer,
        "subject": session.identity.subject,
        "given_name": session.identity.given_name,
        "family_name": session.identity.family_name,
        "email": session.identity.email,
        "phone": session.identity.phone,
        "doelgroep": session.identity.doelgroep,
        "acr": session.identity.acr,
        "authenticated_at": session.identity.authenticated_at,
        "kind": session.identity.kind,
        "scopes": list(session.identity.scopes),
        "audiences": list(session.identity.audiences),
        "claims": dict(session.identity.claims),
        "organisation": asdict(session.identity.organisation) if session.identity.organisation else None,
        "rights": [asdict(right) for right in session.identity.rights],
        "faults": [asdict(fault) for fault in session.identity.faults],
    }
    content = {
        "form": _FORM,
        "id": session.id,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "checked_at": session.checked_at,
        "lenient_until": session.lenient_until,
        "identity": identity,
        "tokens": asdict(session.tokens) if session.tokens else None,
    }
    return json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def decode(content: bytes) -> Session | None:
    """The session, or None where the bytes are of another form."""
    try:
        found: dict[str, Any] = json.loads(content)
        if found["form"] != _FORM:
            return None
        who = dict(found["identity"])
        organisation = who.pop("organisation")
        identity = Identity(
            **{
                **who,
                "scopes": tuple(who["scopes"]),
                "audiences": tuple(who.get("audiences", ())),
                "organisation": Organisation(**organisation) if organisation else None,
                "rights": tuple(Right(**right) for right in who["rights"]),
                "faults": tuple(ClaimFault(**fault) for fault in who.get("faults", ())),
            }
        )
        tokens = Tokens(**found["tokens"]) if found["tokens"] else None
        created_at, expires_at = found["created_at"], found["expires_at"]
        checked_at, lenient_until = found.get("checked_at", created_at), found.get("lenient_until", 0.0)
        return Session(found["id"], identity, created_at, expires_at, tokens, checked_at, lenient_until)
    except (ValueError, KeyError, TypeError):
        return None
