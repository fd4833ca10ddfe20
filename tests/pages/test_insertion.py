"""Where the tag goes in a document, in whatever parts it comes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.insertion import Insertion

TAG = b"<script></script>"
# The place is marked with ^.
PAGES = [
    b"<!doctype html><html lang=nl><head>^<title>x</title></head><body>y</body></html>",
    b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "x.dtd">\r\n<HTML>\n<HEAD profile=x>^</HEAD><BODY></BODY></HTML>',
    b"\xef\xbb\xbf<?xml version='1.0'?><!-- <head> --><html xmlns='x' data-a='<head>' data-b=\">\"><head\n>^<title></title>",
    b"<!--[if IE]><html class=ie><![endif]--><!--[if !IE]><!--><html><!--<![endif]--><head>^</head>",
    b"<!--><html><!---><head/>^x",
    b"<!-- a --!><html><head>^</head>",
    b"<html>^<header>",
    b"^<title>no head</title><p>x",
    b"<!doctype html>\n^<body onload='x(\"</head>\")'>text</body>",
    b"^only words",
    b"<html>^<header>no head</header>",
    b'<html a=b"c><head d=>^<script>"</head>"</script></head>',
    b"^</br><html><head></head>",
    b"<html/lang=nl><head>^</head>",
    b"^<htmlx><head></head>",
    b"<html a==\"><head>^<script>var x='\">'</script></head>",
    b"<html a=b=\"><head>^<p title='\">'></head>",
    b"<html =\"><head>^<p title='\">'></head>",
    b"<html a='\">'b=\"'>\" c = '>'><head =>^</head>",
    b"<html a= ><head/x=/y>^</head>",
]
LEFT = [
    b"",
    b"<!-- never ends <html><head></head>",
    b"<html data-x='never ends><head></head>",
    "<html><head></head>".encode("utf-16"),
    '<?xml version="1.0" encoding="UTF-16"?><html><head></head>'.encode("utf-16-le"),
    '<?xml version="1.0" encoding="UTF-16"?><html><head></head>'.encode("utf-16-be"),
    b"<!--" + b" " * 20_000 + b"--><html><head></head>",
]


def whole(page: bytes, cuts: list[int]) -> bytes:
    insert = Insertion(TAG)
    edges = [0, *sorted({min(cut, len(page)) for cut in cuts}), len(page)]
    parts = [page[first:end] for first, end in pairwise(edges)]
    return b"".join(insert(part, last=number == len(parts)) for number, part in enumerate(parts, 1))


@given(page=st.sampled_from(PAGES), cuts=st.lists(st.integers(0, 200), max_size=6))
def test_the_tag_goes_where_the_head_begins(page: bytes, cuts: list[int]) -> None:
    assert whole(page.replace(b"^", b""), cuts) == page.replace(b"^", TAG)


@pytest.mark.parametrize("page", PAGES)
def test_one_octet_at_a_time(page: bytes) -> None:
    assert whole(page.replace(b"^", b""), list(range(300))) == page.replace(b"^", TAG)


@pytest.mark.parametrize("page", LEFT)
def test_what_has_no_such_place_stays(page: bytes) -> None:
    for cuts in ([], [3], [7, 19], list(range(0, 20_000, 1_000))):
        assert whole(page, cuts) == page


@given(page=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300), max_size=5))
def test_nothing_is_lost_and_parts_make_no_difference(page: bytes, cuts: list[int]) -> None:
    found = whole(page, cuts)
    assert found.replace(TAG, b"", 1) == page if TAG in found and TAG not in page else found.count(TAG) <= 1
    assert found == whole(page, [])


def test_what_follows_is_not_held_back() -> None:
    insert = Insertion(TAG)
    assert insert(b"<html><he", last=False) == b""
    assert insert(b"ad>x", last=False) == b"<html><head>" + TAG + b"x"
    assert insert(b"<head>", last=False) == b"<head>"
