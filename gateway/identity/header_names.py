"""Header names: when a backend takes two spellings for one, and which are reserved for gateways."""

from __future__ import annotations

# Everything except letters and digits separates words; letters become lower-case.
_WORDS = bytes(
    char + 32 if 65 <= char <= 90 else char if 48 <= char <= 57 or 97 <= char <= 122 else 32
    for char in range(256)
)

# Names in which proxies pass an identity to their backends: never accepted from a client.
FAMILY = frozenset(
    b"""
    x-forwarded-user x-forwarded-email x-forwarded-groups x-forwarded-preferred-username x-forwarded-access-token
    x-forwarded-roles x-forwarded-name x-forwarded-client-cert
    remote-user remote-name remote-email remote-group remote-groups remote-role remote-roles auth-user
    x-remote-user x-remote-name x-remote-email x-remote-group x-remote-groups x-remote-role x-remote-roles
    x-user x-userid x-user-id x-user-name x-user-email x-username x-userinfo
    x-authenticated-user x-authenticated-userid x-authenticated-groups x-client-cert client-cert client-cert-chain x-jwt-assertion
    cf-access-jwt-assertion cf-access-authenticated-user-email
    """.split()
)
FAMILY_STARTS = tuple(
    b"""
    x-auth-request- x-toegangspoort- x-webauth- x-authentik- x-pomerium- x-vouch- remote- x-remote- x-authenticated- client-cert
    x-ms-client-principal x-ms-token- x-goog-authenticated-user- x-goog-iap- x-amzn-oidc- x-ssl- ssl-client-
    oidc-claim- oidc-access-token oidc-id-token oidc-refresh-token iv- sm- oam- osso-
    """.split()
)


def fold_header_name(name: bytes) -> bytes:
    """The common form of all spellings of a header name that a backend may take for one.

    CGI, WSGI, PHP and .NET replace everything except letters and digits by "_" and prefix HTTP_ (RFC 3875 section
    4.1.18), so that X-Auth-User, x_auth_user, X.AUTH.USER- and HTTP_X_AUTH_USER may become one variable.
    """
    words = name.translate(_WORDS).split()
    while len(words) > 1 and words[0] == b"http":
        del words[0]
    return b"-".join(words)


def is_well_known(folded: bytes) -> bool:
    """Whether a folded name is one in which some proxy passes an identity."""
    return folded in FAMILY or folded.startswith(FAMILY_STARTS)
