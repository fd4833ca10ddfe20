"""Which keys follow their files."""

from __future__ import annotations

from gateway.assembly.areas import areas
from gateway.assembly.keys import keys
from tests.assembly.conftest import Made


async def test_all_keys_of_the_environment_are_told_of(made: Made) -> None:
    environment = made()
    found = keys(environment, areas(environment), None)
    assert set(found._sources) == {"sessions", "flows", "pseudonyms", "records", "assertion", "client"}


async def test_a_client_secret_is_read_again_and_not_announced(made: Made) -> None:
    environment = made(
        provider={"client_auth": {"method": "client_secret_basic", "secret": "file:secrets/ti/session.key"}}
    )
    assert "client" not in keys(environment, areas(environment), None)._sources
