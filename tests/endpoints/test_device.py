"""A coarse name for a browser, and nothing that tells two people apart."""

import pytest

from gateway.endpoints.device import device_of

MOZILLA = "Mozilla/5.0 "
SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (f"{MOZILLA}(X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox/Linux"),
        (f"{MOZILLA}(Windows NT 10.0; Win64; x64) {CHROME}Safari/537.36", "Chrome/Windows"),
        (f"{MOZILLA}(Windows NT 10.0; Win64; x64) {CHROME}Safari/537.36 Edg/131.0.0.0", "Edge/Windows"),
        (f"{MOZILLA}(Macintosh; Intel Mac OS X 10_15_7) {SAFARI}Safari/605.1.15", "Safari/macOS"),
        (
            f"{MOZILLA}(iPhone; CPU iPhone OS 18_1 like Mac OS X) {SAFARI}Mobile/15E148 Safari/604.1",
            "Safari/iPhone",
        ),
        (f"{MOZILLA}(Linux; Android 10; K) {CHROME}Mobile Safari/537.36", "Chrome/Android"),
        (
            f"{MOZILLA}(iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 CriOS/131.0 Safari/604.1",
            "Chrome/iPad",
        ),
        ("curl/8.5.0", None),
        ("<script>Firefox/", "Firefox"),
        ("", None),
        (None, None),
    ],
)
def test_browser_and_system(user_agent: str | None, device: str | None) -> None:
    assert device_of(user_agent.encode() if user_agent is not None else None) == device
