"""Which answers get the tag of the session bar, and what their headers say then."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.edge.response_cycle import ResponseCycle
from tests.gateway_fixture import PAGE, Browser, GatewayFixture, scripted_gateway
from tests.running import RawUpstream

TAG = '<script src="/oauth2/bar.js" defer></script>'
HTML = "<!doctype html><html><head><title>x</title></head><body>y</body></html>"
WITH = HTML.replace("<head>", f"<head>{TAG}")
WORKER = {"accept": "text/html", "sec-fetch-mode": "same-origin", "sec-fetch-dest": "empty"}


def answer(*lines: str, body: str = HTML, status: str = "200 OK", kind: str = "text/html") -> bytes:
    head = "".join(f"{line}\r\n" for line in (f"Content-Type: {kind}", *lines))
    return f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(body)}\r\n\r\n{body}".encode("latin-1")


def chunked(*parts: str) -> bytes:
    chunks = "".join(f"{len(part):x}\r\n{part}\r\n" for part in (*parts, ""))
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}".encode()
    )


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(
        tmp_path_factory.mktemp("bar"), backend=RawUpstream(), session_bar={"inject": True}
    ) as found:
        yield found


@pytest.fixture
def person(door: GatewayFixture) -> Iterator[Browser]:
    door.upstream.answer = lambda _head: answer()
    with door.browser() as found:
        found.log_in()
        found.get("/echo")
        door.upstream.clear()
        yield found


def test_a_page_gets_the_tag_on_either_path(
    door: GatewayFixture, person: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways: list[str] = []
    whole = ResponseCycle.answer
    monkeypatch.setattr(
        ResponseCycle,
        "answer",
        lambda *given: ways.append("prompt") or whole(*given),  # type: ignore[func-returns-value]
    )
    found = person.page("/echo")
    assert (found.text, found.headers["content-length"], ways) == (WITH, str(len(WITH)), ["prompt"])
    form = {**PAGE, "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    found = person.post("/echo", headers=form, content=b"a=b")
    assert (found.text, ways) == (WITH, ["prompt"])
    assert "content-length" not in found.headers
    door.upstream.answer = lambda _head: chunked(
        "<!doctype html><ht", "ml><he", "ad>", "<title>x</title></head>"
    )
    assert person.page("/echo").text == f"<!doctype html><html><head>{TAG}<title>x</title></head>"


def test_the_register_is_asked_for_plain_pages_and_only_for_pages(
    door: GatewayFixture, person: Browser
) -> None:
    person.page("/echo", **{"accept-encoding": "gzip, br"})
    person.get("/echo", headers={"accept": "image/*", "accept-encoding": "gzip, br"})
    page, image = door.upstream.begun
    assert (page.count(b"accept-encoding"), b"accept-encoding: identity\r\n" in page) == (1, True)
    assert b"accept-encoding: gzip, br\r\n" in image


@pytest.mark.parametrize(
    ("headers", "gets_it"),
    [
        (PAGE, True),
        ({"accept": "text/html"}, True),
        ({**PAGE, "sec-fetch-dest": "empty"}, True),
        ({**WORKER, "upgrade-insecure-requests": "1"}, True),
        (WORKER, False),
        ({**PAGE, "sec-fetch-dest": "iframe"}, False),
        ({"accept": "*/*"}, False),
        ({"accept": "text/html", "x-requested-with": "XMLHttpRequest"}, False),
        ({**PAGE, "range": "bytes=0-"}, False),
    ],
)
def test_only_what_a_window_shows(person: Browser, headers: dict[str, str], gets_it: bool) -> None:
    assert person.get("/echo", headers=headers).text == (WITH if gets_it else HTML)


@pytest.mark.parametrize(
    "said",
    [
        answer(status="404 Not Found"),
        answer(kind="application/xhtml+xml"),
        answer(kind="text/html; charset=UTF-16"),
        answer(kind="text/html; charset=csUnicode"),
        answer("Content-Encoding: gzip"),
        answer("Cache-Control: private, no-transform"),
        answer('Content-Disposition: attachment; filename="x.html"'),
        answer(kind="text/plain"),
    ],
)
def test_what_is_no_page_or_must_not_change_stays(door: GatewayFixture, person: Browser, said: bytes) -> None:
    door.upstream.answer = lambda _head: said
    with person.client.stream("GET", f"{door.url}/echo", headers=person.headers(PAGE)) as found:
        assert b"".join(found.iter_raw()).decode() == HTML
        assert "sec-fetch-dest" not in found.headers.get("vary", "")


def test_headers_are_true_of_the_page_with_the_tag(door: GatewayFixture, person: Browser) -> None:
    door.upstream.answer = lambda _head: answer(
        'ETag: "abc"', "Accept-Ranges: bytes", "Repr-Digest: sha-256=:AA==:", "Content-MD5: AA==", "Digest: md5=AA==",
        "Content-Disposition: inline", kind='text/html; charset="ISO-8859-1"',
    )  # fmt: skip
    found = person.page("/echo")
    assert found.text == WITH
    assert found.headers["etag"] == 'W/"abc"'
    assert "sec-fetch-dest" in found.headers["vary"]
    for gone in ("accept-ranges", "repr-digest", "content-md5", "digest"):
        assert gone not in found.headers
    door.upstream.answer = lambda _head: answer('ETag: W/"abc"')
    assert person.page("/echo").headers["etag"] == 'W/"abc"'


def test_nobody_gets_it_too(door: GatewayFixture, person: Browser) -> None:
    with door.browser() as nobody:
        assert nobody.page("/public/x").text == WITH
