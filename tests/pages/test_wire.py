"""Pages for requests that the listener cannot read, over real connections."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gateway.edge.protocol import protocol_class
from gateway.edge.refusals import Refusals
from gateway.edge.settings import EdgeSettings
from gateway.pages.error_response import ErrorResponses
from gateway.pages.render import Pages
from gateway.pages.settings import SupportSettings
from gateway.pages.wire import WirePages
from tests.edge.listening import Application, get
from tests.running import Running, serving
from tests.upstream.raw_client import converse

LOOKS = ("Accept: text/html,*/*;q=0.8", "Accept-Language: fr-BE", "Sec-Fetch-Mode: navigate")
LARGE = "X-A: " + "b" * 40_000


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    pages = Pages(SupportSettings(), "ti", ("nl", "en", "fr"))
    refusals = Refusals(page=WirePages(ErrorResponses(pages, public_url="https://gw.test")))
    http = protocol_class(EdgeSettings(), public_url="https://gw.test", refusals=refusals)
    running: Running
    with serving(Application(), http=http) as running:
        yield running.port


@pytest.mark.parametrize(
    ("head", "status", "title"),
    [
        (get("/ok", *LOOKS, LARGE), 431, "Votre navigateur envoie trop de données"),
        (get("/ok", LARGE, *LOOKS), 431, "Votre navigateur envoie trop de données"),
        (get("/ok", *LOOKS, *(f"X-{number}: b" for number in range(101))), 431, "Votre navigateur envoie"),
        (get("/ok?" + "a" * 40_000, *LOOKS), 414, "L&#39;adresse est trop longue"),
        (get("/ok", *LOOKS, "X A: b"), 400, "Nous n&#39;avons pas pu ouvrir cette adresse"),
    ],
)
@pytest.mark.parametrize("cut", [None, 9_000])
def test_a_browser_gets_a_page_in_its_language(
    port: int, head: bytes, status: int, title: str, cut: int | None
) -> None:
    pieces = [head] if cut is None else [each for each in (head[:cut], head[cut:]) if each]
    seen = converse(port, *pieces)
    (answer,) = seen.answers
    assert answer.status == status
    assert seen.closed
    assert answer.complete
    if cut is not None and head.index(b"Accept:") > cut:
        return
    page = answer.body.decode()
    assert '<html lang="fr">' in page
    assert title in page
    assert re.search(r'id="reference">[0-9A-F]{4}-[0-9A-F]{4}<', page)
    assert answer.values("content-type") == ["text/html; charset=utf-8"]
    assert answer.values("connection") == ["close"]
    assert answer.values("cache-control") == ["no-store"]
    assert answer.values("strict-transport-security")
    assert "frame-ancestors 'none'" in answer.values("content-security-policy")[0]


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Accept: application/json",),
        ("Accept: text/html", "Sec-Fetch-Mode: cors"),
    ],
)
def test_anything_else_gets_a_plain_line(port: int, lines: tuple[str, ...]) -> None:
    (answer,) = converse(port, get("/ok", *lines, LARGE)).answers
    assert answer.status == 431
    assert answer.values("content-type") == ["text/plain; charset=utf-8"]


def test_a_head_request_gets_no_page(port: int) -> None:
    (answer,) = converse(port, get("/ok", *LOOKS, LARGE, method="HEAD")).answers
    assert answer.values("content-type") == ["text/plain; charset=utf-8"]
