"""private_key_jwt as ACM wants it: for the issuer, at most ten minutes long, never twice (RFC 7523, section 3)."""

from __future__ import annotations

from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from simulator.acm.clients import Client
from simulator.acm.state import AcmState

_LONGEST: Final = 600
_LEEWAY: Final = 30


class Assertion(JWTBearerClientAssertion):  # type: ignore[misc]
    """Who a client is, by a statement that it signed."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, state: AcmState) -> None:
        super().__init__(validate_jti=True, leeway=_LEEWAY)
        self._state = state

    def get_audiences(self) -> list[str]:
        return [self._state.issuer]

    def verify_claims(self, claims: dict[str, Any]) -> None:
        # authlib's own form reads the clock of the machine.
        now = self._state.clock()
        registry = JWTClaimsRegistry(
            now=int(now),
            leeway=_LEEWAY,
            iss={"essential": True},
            sub={"essential": True},
            aud={"essential": True, "values": self.get_audiences()},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            registry.validate(claims)
        except JoseError as problem:
            raise InvalidClientError(description=problem.description) from problem
        if claims["sub"] != claims["iss"]:
            raise InvalidClientError(description="Issuer and subject of the assertion must be the client.")
        if claims["exp"] - now > _LONGEST + _LEEWAY:
            raise InvalidClientError(description="The assertion is valid for more than 10 minutes.")
        if not self.validate_jti(claims, claims["jti"]):
            raise InvalidClientError(description="The assertion was used before.")

    def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
        used = self._state.assertions
        now = self._state.clock()
        for old in [each for each, until in used.items() if until < now]:
            del used[old]
        name = f"{claims['sub']} {jti}"
        if name in used:
            return False
        used[name] = float(claims["exp"]) + _LEEWAY
        return True

    def resolve_client_public_key(self, client: Client) -> KeySet:
        keys = client.public_keys()
        if not keys.keys:
            raise InvalidClientError(description="ACM has no key of this client.")
        return keys
