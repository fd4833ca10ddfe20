"""Actions and resources by name become one method and one target, and nothing in a name leads elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.authzen.messages import Action, Entity, Unanswerable
from gateway.authzen.request_mapping import MappedRequest, RequestMapping
from gateway.authzen.settings import AuthzenSettings

SETTINGS = AuthzenSettings.model_validate(
    {
        "listen": "127.0.0.1:0",
        "url": "https://pdp.test",
        "callers": {"register": {"bearer": ["env:TOKEN"]}},
        "resources": {
            "file": {"path": "/files/{year}/{id}", "defaults": {"year": 2026}, "known": {"7": {"year": 2025}}},
            "route": {"path": "{id}"},
        },
        "actions": {"drop": [{"method": "DELETE", "when": {"soft": False}}, {"method": "PATCH"}], "read": [{"method": "GET"}]},
    }
)  # fmt: skip
NAMES = RequestMapping(SETTINGS)


def target(action: str, kind: str, name: str, **properties: Any) -> MappedRequest:
    return NAMES.target(Action(name=action), Entity(type=kind, id=name, properties=properties))


def test_paths_are_taken_as_they_are() -> None:
    assert target("GET", "path", "/a/b?c=d") == ("GET", b"/a/b?c=d", None)
    assert target("read", "path", "/caf\u00e9") == ("GET", b"/caf%C3%A9", None)
    assert target("GET", "path", "https://a.test/b") == ("GET", b"https://a.test/b", b"a.test")


def test_named_resources_are_filled_in_and_stay_one_segment() -> None:
    assert target("read", "file", "1") == ("GET", b"/files/2026/1", None)
    assert target("read", "file", "7") == ("GET", b"/files/2025/7", None)
    assert target("read", "file", "7", year="a/../b") == ("GET", b"/files/a%2F..%2Fb/7", None)
    assert target("read", "file", "../../oauth2", year=True).target == b"/files/true/..%2F..%2Foauth2"
    assert target("read", "file", "a?b#c").target == b"/files/2026/a%3Fb%23c"
    assert target("read", "route", "/users/{id}").target == b"/users/%7Bid%7D"
    assert [each.id for each in NAMES.known("file")] == ["7"]


def test_an_action_means_what_its_properties_say() -> None:
    assert NAMES.method(Action(name="drop", properties={"soft": False})) == "DELETE"
    assert NAMES.method(Action(name="drop", properties={"soft": 0})) == "PATCH"
    assert NAMES.method(Action(name="PUT")) == "PUT"


@pytest.mark.parametrize(
    ("kind", "name", "properties"),
    [
        ("spaceship", "1", {}),
        ("file", "1", {"year": ""}),
        ("file", "1", {"year": [1]}),
        ("file", "1", {"year": 1.5}),
        ("route", "users", {}),
        ("path", "users", {}),
        ("path", "https:users", {}),
        ("path", "*", {}),
        ("path", "http://[::1", {}),
        ("path", "http://[x]/", {}),
        ("path", "http://a\u2100b/", {}),
        ("path", "https://register.test\u3002/", {}),
    ],
)
def test_what_is_no_resource_is_refused(kind: str, name: str, properties: dict[str, Any]) -> None:
    with pytest.raises(Unanswerable):
        target("read", kind, name, **properties)
