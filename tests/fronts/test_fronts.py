"""The same login, headers, paths and pages as without a front, through real ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fronts.engines import ENGINES, front
from tests.gateway_fixture import CALL, PAGE, GatewayFixture


@pytest.fixture(scope="module", params=list(ENGINES))
def through(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayFixture]:
    engine: str = request.param
    with front(engine, tmp_path_factory.mktemp(engine), edge={"hosts": ["gw.test"]}) as found:
        yield found


def _head(gateway: GatewayFixture) -> dict[str, str]:
    """The header lines of the one request that the register got."""
    (head,) = gateway.upstream.begun
    lines = head.decode("latin-1").split("\r\n")[1:-2]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_a_login_and_the_headers_of_the_person(through: GatewayFixture) -> None:
    browser = through.browser()
    through.upstream.clear()
    sent = browser.go("/organisaties/0428315871/meldingen/7?a=b%2Fc")
    assert sent.status_code == 302, sent.text
    assert not through.upstream.begun
    back = browser.through_provider(sent)
    assert back.headers["location"] == "/organisaties/0428315871/meldingen/7?a=b%2Fc"
    page = browser.go(back.headers["location"])
    assert (page.status_code, page.text) == (200, "ok")
    head = _head(through)
    print(head)
    assert head["x-auth-organisation"] == "0428315871"
    assert head["x-forwarded-user"]
