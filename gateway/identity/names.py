"""Decides when two header names are the same name, and which names only a gateway may send.

It knows nothing of values, and never sees a request.
"""

from __future__ import annotations

# Everything that is no letter or digit separates words; letters become lower-case.
_WORDS = bytes(
    char + 32 if 65 <= char <= 90 else char if 48 <= char <= 57 or 97 <= char <= 122 else 32
    for char in range(256)
)

# Names by which proxies tell their backends who somebody is: no register may ever hear them from a client.
_FAMILY = frozenset(
    b"""
    x-forwarded-user x-forwarded-email x-forwarded-groups x-forwarded-preferred-username x-forwarded-access-token
    x-forwarded-roles x-forwarded-name x-forwarded-client-cert
    remote-user remote-name remote-email remote-group remote-groups remote-role remote-roles auth-user
    x-remote-user x-remote-name x-remote-email x-remote-group x-remote-groups x-remote-role x-remote-roles
    x-user x-userid x-user-id x-user-name x-user-email x-username x-userinfo
    x-authenticated-user x-authenticated-userid x-authenticated-groups x-client-cert x-jwt-assertion
    cf-access-jwt-assertion cf-access-authenticated-user-email iv-user iv-groups iv-creds sm-user
    """.split()
)
_FAMILY_STARTS = tuple(
    b"""
    x-auth-request- x-toegangspoort- x-webauth- x-authentik- x-pomerium- x-vouch- x-remote-extra-
    x-ms-client-principal x-ms-token- x-goog-authenticated-user- x-goog-iap- x-amzn-oidc- x-ssl- ssl-client-
    oidc-claim- oidc-access-token oidc-id-token oidc-refresh-token
    """.split()
)


def fold(name: bytes) -> bytes:
    """The one form that all spellings of a header name share for backends that turn them into variables.

    CGI, WSGI, PHP and .NET turn everything that is no letter or digit into "_" and put HTTP_ in front
    (RFC 3875 section 4.1.18), so that X-Auth-User, x_auth_user, X.AUTH.USER- and HTTP_X_AUTH_USER may be one name.
    """
    words = name.translate(_WORDS).split()
    while len(words) > 1 and words[0] == b"http":
        del words[0]
    return b"-".join(words)


def is_well_known(folded: bytes) -> bool:
    """Whether a folded name is one by which some proxy tells who somebody is."""
    return folded in _FAMILY or folded.startswith(_FAMILY_STARTS)
