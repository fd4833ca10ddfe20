"""What differs between two mappings, and what of it may be carried over."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.promotion.difference import Comparison, PromotedChange, Stay, value_text


def found(old: Any, new: Any, *, kept: str = "", settings: bool = True) -> list[Any]:
    comparison = Comparison(
        "settings", lambda name: name == kept, frozenset(["ti.example.be"]), settings=settings
    )
    return list(comparison.found(old, new))


@pytest.mark.parametrize(
    ("old", "new", "how", "name"),
    [
        ({}, {"a": 1}, "+", "a"),
        ({"a": 1}, {}, "-", "a"),
        ({"a": 1}, {"a": 2}, "~", "a"),
        ({"a": {"b": [1]}}, {"a": {"b": [1, 2]}}, "~", "a.b"),
        ({"a": {"b": 1, "c": 1}}, {"a": {"b": 1}}, "-", "a.c"),
        ({"a": 1}, {"a": {"b": 1}}, "~", "a"),
        ({"session": {"key": "file:x", "idle": 1}}, {}, "-", "session.idle"),
    ],
)
def test_changes(old: Any, new: Any, how: str, name: str) -> None:
    changes = [each for each in found(old, new) if isinstance(each, PromotedChange)]
    assert [(each.how, each.name) for each in changes] == [(how, name)]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ({"listen": "a:1"}, {"listen": "b:1"}, "each environment has its own"),
        ({}, {"x": {"y": "file:secret"}}, "it refers to a secret"),
        ({"x": 1}, {"x": ["see", "https://TI.example.be/"]}, "it names ti.example.be"),
        ({"kept": 1}, {"kept": 2}, "`not_promoted` names it"),
        (
            {"upstreams": {"x": {"url": "http://x"}}},
            {"upstreams": {}},
            "there is no such section where it would come from",
        ),
        (
            {},
            {"upstreams": {"x": {"url": "http://x", "retries": 3}}},
            "it needs addresses or keys of its own: write it there yourself",
        ),
    ],
)
def test_what_stays(old: Any, new: Any, why: str) -> None:
    assert [each.why for each in found(old, new, kept="kept") if isinstance(each, Stay)] == [why]
    assert not [each for each in found(old, new, kept="kept") if isinstance(each, PromotedChange)]


def test_no_environment_gets_the_fronts_of_another() -> None:
    """Whoever asks at a front is believed about clients."""
    own = {"fronts": {"nginx": {"listen": "10.0.2.11:8002", "peers": ["10.0.2.10/32"], "cache": "2s"}}}
    other = {"fronts": {"nginx": {"listen": "10.0.1.11:8002", "peers": ["10.0.1.10/32"], "cache": "4s"}}}
    for old, new in ((own, {}), ({}, other)):
        (stay,) = found(old, new)
        assert (type(stay), stay.name) == (Stay, "fronts.nginx")
    assert {each.name: type(each) for each in found(own, other)} == {
        "fronts.nginx.listen": Stay,
        "fronts.nginx.peers": Stay,
        "fronts.nginx.cache": PromotedChange,
    }


def test_parts_of_a_new_section_stay_behind() -> None:
    (stay, change) = found({}, {"edge": {"hosts": ["x"], "max": 1}})
    assert (stay.name, change.name, change.without) == ("edge.hosts", "edge", (("edge", "hosts"),))


def test_names_of_environments_mean_nothing_outside_of_settings() -> None:
    (change,) = found({}, {"listen": 1}, settings=False)
    assert isinstance(change, PromotedChange)


def test_values_are_shown_on_one_line() -> None:
    assert value_text({"a": "é"}) == '{"a": "é"}'
    assert value_text("x" * 500).endswith("...")
