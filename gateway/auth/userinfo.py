"""Further claims about a person from the provider's userinfo endpoint (OIDC Core 5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2

from gateway.auth.provider import Metadata, Provider, as_object
from gateway.auth.tokens import TokenRefused, UserInfo
from gateway.errors import LoginFailed, ProviderUnavailable

# Claims about the ID token itself and about the login: userinfo does not add them.
_OF_THE_TOKEN = frozenset(
    ("iss", "sub", "aud", "azp", "exp", "iat", "nbf", "jti", "nonce", "acr", "amr", "auth_time", "at_hash", "c_hash", "sid")
)  # fmt: skip


async def with_userinfo(
    claims: Mapping[str, Any], provider: Provider, metadata: Metadata, access_token: str
) -> Mapping[str, Any]:
    """The claims of the ID token, and those that userinfo adds for the same person.

    Raises LoginFailed if the response is refused, malformed or about another subject, ProviderUnavailable.
    """
    if metadata.userinfo_endpoint is None:
        raise ProviderUnavailable("the provider states no userinfo_endpoint")
    headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json, application/jwt"}
    async with provider.call("userinfo") as call, httpx2.AsyncClient(**provider.client_options) as client:
        response = await client.get(metadata.userinfo_endpoint, headers=headers)
        call.judge(response.status_code)
    if response.status_code >= 500:
        raise ProviderUnavailable(f"userinfo: {response.status_code}")
    if response.status_code != 200:
        raise LoginFailed("userinfo-refused", f"userinfo: {response.status_code}")
    found = await _content(response, provider)
    subject = found.get("sub")
    if not isinstance(subject, str) or subject != claims["sub"]:
        raise LoginFailed("userinfo-subject", "userinfo is not about the subject of the ID token")
    added = {name: value for name, value in found.items() if name not in _OF_THE_TOKEN}
    return {**added, **claims}


async def _content(response: httpx2.Response, provider: Provider) -> Mapping[str, Any]:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/jwt":
        settings = provider.settings
        expected = UserInfo(
            issuer=settings.issuer,
            audience=settings.client_id,
            algorithms=settings.algorithms,
            leeway=settings.leeway,
        )
        try:
            return await provider.verified(response.text.strip(), expected)
        except TokenRefused as refusal:
            raise LoginFailed("userinfo-malformed", f"userinfo: {refusal.detail}") from refusal
    found = as_object(response)
    if found is None:
        raise LoginFailed("userinfo-malformed", "userinfo: not a JSON object")
    return found
