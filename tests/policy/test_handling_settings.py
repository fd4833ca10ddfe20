"""What a rule can say about its requests, and what it cannot."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.handling import PLAIN, Cors
from gateway.policy.handling_settings import HandlingSettings


@pytest.mark.parametrize(
    ("values", "words"),
    [
        *(
            ({kind: {how: {name: "x"} if how == "set" else [name]}}, words)
            for kind in ("request_headers", "response_headers")
            for how in ("set", "remove")
            for name, words in (
                ("Connection", "one connection"),
                ("te", "one connection"),
                ("Content-Length", "begins and ends"),
                ("Transfer-Encoding", "begins and ends"),
                ("Host", "begins and ends"),
                ("X-Request-Id", "the gateway's own"),
                ("X-Forwarded-For", "the gateway's own"),
                ("X-Forwarded-Prefix", "the gateway's own"),
                ("Sec-WebSocket-Protocol", "opening of a WebSocket"),
                ("x_forwarded_for", "letters, digits and hyphens"),
            )
        ),
        ({"request_headers": {"set": {"Authorization": "Basic x"}}}, "a secret is never written here"),
        ({"request_headers": {"set": {"Cookie": "a=b"}}}, "a secret is never written here"),
        ({"response_headers": {"set": {"Set-Cookie": "a=b"}}}, "can be removed, not set"),
        ({"response_headers": {"set": {"X-A": "a\r\nX-B: b"}}}, "printable ASCII"),
        ({"response_headers": {"set": {"X-A": " a"}}}, "printable ASCII"),
        ({"response_headers": {}}, "to `set` or to `remove`"),
        ({"response_headers": {"set": {"X-A": "a", "x-a": "b"}}}, "named twice"),
        ({"request_headers": {"set": {"X-A": "a"}, "remove": ["x-a"]}}, "both set and removed"),
        *(
            ({"redirect": {"to": to}}, words)
            for to, words in (
                ("new", "write a path"),
                ("//evil.test/", "two slashes"),
                ("/\\evil.test", "backslashes"),
                ("/a b", "spaces"),
                ("http://other.test/", "write a path"),
                ("https://other.test", "write a path"),
                ("https://user@other.test/", "write a path"),
                ("https://{host}/", "write a path"),
                ("https://a.{host}/", "write a path"),
                ("javascript:alert(1)", "write a path"),
                ("{path}", "write a path"),
            )
        ),
        ({"redirect": {"to": "/x", "status": 200}}, "301"),
        ({"redirect": {"to": "/x"}, "upstream": "reports"}, "remove `upstream`"),
        ({"redirect": {"to": "/x"}, "timeout": "2s"}, "remove `timeout`"),
        ({"timeout": "0s"}, "greater than 0"),
        ({"max_body": -1}, "greater than or equal to 0"),
        ({"cors": {"origins": ["*"], "credentials": True}}, "name the origins"),
        ({"cors": {"origins": ["*", "https://a.test"]}}, "alone"),
        ({"cors": {"origins": ["https://a.test/"]}}, "without a path"),
        ({"cors": {"origins": ["https://A.test"]}}, "lower case"),
        ({"cors": {"origins": ["http://a.test"]}}, "as the browser sends it"),
        ({"cors": {"origins": ["null"]}}, "as the browser sends it"),
        ({"cors": {"origins": ["https://*.a.test"]}}, "lower case"),
        ({"cors": {"origins": ["https://a.test,https://b.test"]}}, "lower case"),
        ({"cors": {"origins": ["https://a.test:443"]}}, "leave out the usual port"),
        (
            {
                "cors": {"origins": ["https://a.test"]},
                "response_headers": {"set": {"Access-Control-Allow-Origin": "*"}},
            },
            "`cors` says",
        ),
    ],
)
def test_what_cannot_be(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        HandlingSettings.model_validate(values)


def test_a_rule_that_says_nothing_is_handled_plainly() -> None:
    assert HandlingSettings().handling() is PLAIN
    assert HandlingSettings(upstream="default").handling() is PLAIN


def test_everything_at_once() -> None:
    found = HandlingSettings.model_validate(
        {
            "upstream": "reports",
            "timeout": "2s",
            "max_body": 0,
            "request_headers": {"set": {"X-Tenant": "a"}, "remove": ["Accept-Language"]},
            "response_headers": {"remove": ["Set-Cookie", "Server"]},
            "cors": {"origins": ["https://a.test", "http://localhost:3000"], "max_age": "1h"},
        }
    ).handling()
    assert (found.upstream, found.timeout, found.max_body) == ("reports", 2.0, 0)
    assert found.request_headers is not None
    assert found.request_headers.set == ((b"x-tenant", b"a"),)
    assert found.cors == Cors(
        frozenset({"https://a.test", "http://localhost:3000"}), headers=("content-type",), max_age=3600
    )
