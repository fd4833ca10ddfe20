"""The header lines that belong to an error."""

from gateway.errors import (
    BearerRefused,
    LoginRequired,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    UpgradeRequired,
)
from gateway.pages.error_lines import error_lines


def test_each_error_says_what_comes_next() -> None:
    assert error_lines(NotFound(), None) == ()
    assert error_lines(Overloaded(retry_after=5), None) == ((b"retry-after", b"5"),)
    assert error_lines(LoginRequired(), None) == ((b"www-authenticate", b"Bearer"),)
    assert error_lines(BearerRefused(), None) == ((b"www-authenticate", b'Bearer error="invalid_token"'),)
    assert error_lines(MethodNotAllowed(allow=("GET", "POST")), None) == ((b"allow", b"GET, POST"),)
    assert (b"sec-websocket-version", b"13") in error_lines(UpgradeRequired(), None)
