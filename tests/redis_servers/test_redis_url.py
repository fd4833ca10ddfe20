"""How sentinels are written in the configuration."""

from __future__ import annotations

import pytest

from gateway.redis_servers.redis_url import SENTINEL_URL
from gateway.session.settings import SessionSettings


@pytest.mark.parametrize(
    ("url", "hosts", "master", "db"),
    [
        ("redis+sentinel://a:26379,b/register/2", "a:26379,b", "register", "2"),
        ("rediss+sentinel://gw@[::1]:1/m", "[::1]:1", "m", None),
    ],
)
def test_sentinels(url: str, hosts: str, master: str, db: str | None) -> None:
    found = SENTINEL_URL.fullmatch(url)
    assert found is not None
    assert (found["hosts"], found["master"], found["db"]) == (hosts, master, db)


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://a", "redis+sentinel://a/", "redis+sentinel:///m", "redis+sentinel://a,,b/m", "unix+sentinel://a/m",
        "redis+sentinel://a/m/x", "redis+sentinel://a/m?x=1", "redis+sentinel://:secret@a/m", "redis+sentinel://u:p@a/m",
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"write memory:|password is never"):
        SessionSettings.model_validate({"store": url, "key": "file:x"})


def test_two_environments_with_one_database_behind_sentinels_are_found() -> None:
    one, two, other = (
        SessionSettings.model_validate({"store": f"redis+sentinel://{rest}", "key": "file:x"})
        for rest in ("a:1,b:2/m", "b:2,a:1/m/0", "a:1,b:2/m/1")
    )
    assert one.address == two.address
    assert one.address != other.address
    shared = one.shared("x")
    assert shared is not None
    assert shared.address == "a:1,b:2/m"
