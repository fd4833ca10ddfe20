"""Where the browser goes to log out at the provider (OIDC RP-Initiated Logout 1.0, ACM page "afmelden")."""

from __future__ import annotations

from urllib.parse import urlencode

from gateway.auth.provider import Provider


class Logout:
    """Logouts of one environment. ACM wants client_id with the address to return to, and knows no id_token_hint."""

    def __init__(self, provider: Provider, *, public_url: str) -> None:
        self._provider = provider
        self._return = f"{public_url}/oauth2/logout/callback"

    async def location(self, state: str, *, switch: bool = False) -> str | None:
        """The provider's logout, or with `switch` its choice of identity; None where the provider has none.

        Raises ProviderUnavailable.
        """
        metadata = await self._provider.metadata()
        if metadata.end_session_endpoint is None:
            return None
        query = {
            **({"switch": "true"} if switch else {}),
            "client_id": self._provider.settings.client_id,
            "post_logout_redirect_uri": self._return,
            "state": state,
        }
        mark = "&" if "?" in metadata.end_session_endpoint else "?"
        return f"{metadata.end_session_endpoint}{mark}{urlencode(query)}"
