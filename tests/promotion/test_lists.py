"""Two lists become one: the order of one, what the other keeps, the text of both."""

from __future__ import annotations

from gateway.promotion.lists import Item, joined_items
from gateway.promotion.text import TextBlock


def item(name: str, data: int = 1, lead: str = "", text: str = "") -> Item:
    return Item(name, data, TextBlock(lead, text or f"- {name}{data}\n"))


def names(items: list[Item]) -> list[object]:
    return [each.key for each in items]


def test_the_order_is_the_source_s_and_held_items_follow_theirs() -> None:
    target = [item("a"), item("held"), item("b"), item("gone")]
    source = [item("new"), item("b"), item("a"), item("left")]
    found = joined_items(target, source, held=lambda each: each.key in ("held", "left"))
    assert names(found) == ["new", "b", "a", "held"]
    assert names(joined_items([item("held")], [item("a")], held=lambda each: each.key == "held")) == [
        "held",
        "a",
    ]
    assert joined_items(target, [], held=lambda _: False) == []


def test_what_says_the_same_keeps_its_text() -> None:
    mine, theirs = item("a", lead="# mine\n"), item("a", lead="# theirs\n")
    filler = item("x")
    assert joined_items([filler, mine], [filler, theirs], held=lambda _: False)[1] == mine
    changed = item("a", 2, lead="# theirs\n")
    assert joined_items([filler, mine], [filler, changed], held=lambda _: False)[1] == changed
    bare = item("a", 2)
    assert joined_items([filler, mine], [filler, bare], held=lambda _: False)[1].block.lead == "# mine\n"


def test_the_comment_above_the_list_stays_there_once() -> None:
    target = [item("a", lead="# About the list.\n")]
    source = [item("new", lead="# About the list.\n# About new.\n"), item("a")]
    assert [each.block.lead for each in joined_items(target, source, held=lambda _: False)] == [
        "# About the list.\n# About new.\n",
        "",
    ]
    assert joined_items([], source, held=lambda _: False) == source
