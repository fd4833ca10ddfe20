"""Mistakes in how ACM is reached and what it is asked."""

from __future__ import annotations

from typing import Final

from tests.mistakes.mistake import Mistake, Proven

_LISTEN: Final = "    listen: 127.0.0.1:8000\n"
_CHECK: Final = "      silent_check: 30s\n"
_DOCTOR: Final = "tests/doctor/test_advice.py"


def _proxy(written: str) -> list[tuple[str, str]]:
    return [(_LISTEN, f"{_LISTEN}    proxy: {written}\n")]


def _parameter(written: str) -> list[tuple[str, str]]:
    return [(_CHECK, f"{_CHECK}      authorization_parameters: {written}\n")]


MISTAKES: Final = (
    Mistake(
        "proxy-password", "the password of the proxy is written into its address",
        _proxy('{url: "http://me:secret@proxy.internal:3128"}'), ["error:a secret is never written here"],
    ),
    Mistake(
        "proxy-port", "the proxy is named without its port",
        _proxy('{url: "http://proxy.internal"}'), ["error:HOST:PORT"],
    ),
    Mistake(
        "proxy-socks", "the proxy is one for SOCKS", _proxy('{url: "socks5://proxy.internal:1080"}'), ["error:HOST:PORT"],
    ),
    Proven(
        "proxy-wrong", "the proxy is another machine, or asks for a password that is not given",
        "`gateway doctor` says that the proxy refuses, and what to change",
        f"{_DOCTOR}::test_what_a_proxy_refuses",
    ),
    Proven(
        "proxy-dead", "nothing listens at the address of the proxy",
        "`gateway doctor` says that the proxy is at fault, not ACM", f"{_DOCTOR}::test_a_proxy_that_cannot_be_used",
    ),
    Mistake(
        "parameter-state", "a further parameter takes the place of `state`", _parameter("{state: fixed}"),
        ["error:state is what the gateway itself sends"],
    ),
    Mistake(
        "parameter-verifier", "a further parameter weakens PKCE", _parameter("{code_challenge_method: plain}"),
        ["error:code_challenge_method is what"],
    ),
    Mistake(
        "parameter-means", "the means of authentication are asked for without being checked",
        _parameter('{acr_values: "urn:be:vlaanderen:authmech:eid"}'), ["error:provider.acr_values"],
    ),
    Mistake(
        "parameter-prompt", "ACM is told to ask for nothing and for a login", _parameter('{prompt: "login none"}'),
        ["error:nobody can log in"],
    ),
    Mistake(
        "no-openid", "`openid` is left out of the scopes", [("scopes: [openid, profile", "scopes: [profile")],
        ["error:`openid` must be among the scopes"],
    ),
    Mistake(
        "hmac-tokens", "tokens signed with the client's secret are allowed",
        [(_CHECK, f"{_CHECK}      algorithms: [HS256]\n")], ["error:HS256"],
    ),
    Proven(
        "audience-missing", "ACM's answers about tokens name no audience, or another API's",
        "such tokens are refused with reason `audience`, and what was found and expected",
        "tests/auth/test_introspection.py::test_answers",
    ),
    Proven(
        "client-key-unknown", "the client's new key is used before ACM has it",
        "`gateway keys use` asks ACM first, and changes nothing",
        "tests/cli/test_client_keys.py::test_a_new_key_is_used_once_the_provider_has_it",
    ),
)  # fmt: skip
