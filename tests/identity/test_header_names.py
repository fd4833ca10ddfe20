"""Which spellings a backend takes for one header name, and which names belong to gateways."""

import pytest

from gateway.identity.header_names import fold_header_name, is_well_known


@pytest.mark.parametrize(
    "name",
    [
        b"X-Auth-User",
        b"x_auth_user",
        b"X.AUTH.USER-",
        b"HTTP_X_AUTH_USER",
        b"http-http-x-auth-user",
        b"--X--Auth user",
    ],
)
def test_spellings_of_one_name(name: bytes) -> None:
    assert fold_header_name(name) == b"x-auth-user"


def test_other_names_stay_apart() -> None:
    assert fold_header_name(b"X-AuthUser") == b"x-authuser"
    assert fold_header_name(b"HTTP") == b"http"
    assert fold_header_name(b"") == b""


@pytest.mark.parametrize(
    "name",
    [
        b"x-forwarded-user",
        b"remote-user",
        b"remote-department",
        b"x-remote-scope",
        b"x-authenticated-email",
        b"client-cert",
        b"client-cert-chain",
        b"x-auth-request-email",
        b"oidc-claim-sub",
        b"iv-user-l",
        b"iv-remote-address",
        b"sm-userdn",
        b"oam-remote-user",
        b"osso-user-dn",
    ],
)
def test_names_in_which_proxies_pass_an_identity(name: bytes) -> None:
    assert is_well_known(name)


@pytest.mark.parametrize(
    "name",
    [b"x-forwarded-for", b"user-agent", b"x-users", b"x-remotely", b"authorization", b"ivory", b"smtp"],
)
def test_other_names_may_pass(name: bytes) -> None:
    assert not is_well_known(name)
