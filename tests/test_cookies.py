"""The exact bytes of the gateway's own cookies."""

from __future__ import annotations

import pytest

from gateway.cookies import Cookie, cookie_prefix, of_every_environment


def test_over_https_a_cookie_is_bound_to_the_host() -> None:
    cookie = Cookie.of("prd", "session", secure=True)
    assert cookie.name == "__Host-tgp-prd-session"
    assert cookie.set("v") == "__Host-tgp-prd-session=v; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert cookie.set("v", max_age=60) == (
        "__Host-tgp-prd-session=v; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure"
    )
    assert cookie.clear() == "__Host-tgp-prd-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure"


def test_over_plain_http_browsers_would_refuse_prefix_and_secure() -> None:
    cookie = Cookie.of("ti", "rounds", secure=False)
    assert cookie.set("1", max_age=0) == "tgp-ti-rounds=1; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
    assert cookie.name.startswith(cookie_prefix("ti", secure=False))


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookies_of_all_environments_are_known(secure: bool) -> None:
    known = of_every_environment(cookie_prefix("ti", secure=secure))
    assert Cookie.of("prd", "session", secure=secure).name.startswith(known)
    assert not "JSESSIONID".startswith(known)
