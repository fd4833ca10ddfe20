"""The authorization response: the query with which the provider sends the browser back (RFC 6749 4.1.2, RFC 9207)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from gateway.errors import LoginFailed

_SINGLE = ("code", "state", "iss", "error")
_LONGEST_QUERY = 8_192
# Errors of a provider that mean more than that it refuses (RFC 6749 4.1.2.1, OIDC Core 3.1.2.6).
_REASONS = {
    "access_denied": "access-denied",
    "temporarily_unavailable": "provider-busy",
    "server_error": "provider-busy",
    "login_required": "interaction-required",
    "interaction_required": "interaction-required",
    "account_selection_required": "interaction-required",
    "consent_required": "interaction-required",
}


def read_callback(query: str) -> dict[str, str]:
    """The parameters of a callback. Raises LoginFailed if they can be read in more than one way."""
    if len(query) > _LONGEST_QUERY:
        raise LoginFailed("callback-malformed", "the query is too long")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=50, encoding="utf-8", errors="strict")
    except (ValueError, UnicodeDecodeError) as problem:
        raise LoginFailed("callback-malformed", "the query cannot be read") from problem
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in _SINGLE and name in found:
            raise LoginFailed("parameter-repeated", f"{name} is repeated in the callback")
        found[name] = value
    if "code" in found and "error" in found:
        raise LoginFailed("callback-malformed", "both code and error")
    return found


def check_issuer(parameters: Mapping[str, str], issuer: str, *, required: bool) -> None:
    """Raise LoginFailed if the response is from another issuer, or names none where that is `required` (RFC 9207 2.4)."""
    stated = parameters.get("iss")
    if stated is None and not required:
        return
    if stated != issuer:
        raise LoginFailed("issuer-mismatch", "the iss parameter of the callback (RFC 9207)")


def code_of(parameters: Mapping[str, str]) -> str:
    """The authorization code. Raises LoginFailed if the response is an error or has no code."""
    if "error" in parameters:
        reason = _REASONS.get(parameters["error"], "provider-refused")
        raise LoginFailed(reason, f"callback: {parameters['error'][:60]!r}")
    code = parameters.get("code")
    if not code:
        raise LoginFailed("code-missing")
    return code
