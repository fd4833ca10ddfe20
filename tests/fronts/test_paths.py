"""The path cases through each front: what the gateway refuses reaches no register, whatever the front makes of it."""

from __future__ import annotations

import functools
import socket
from pathlib import Path

import pytest

from tests.cases.load import load
from tests.endpoints.test_listener_cases import BACKENDS, DODGES, PROTECTED
from tests.fronts.conftest import USER
from tests.gateway_fixture import GatewayFixture

CASES = load(Path(__file__).parent.parent / "cases" / "path-cases.json")
NOBODYS = {"ovam_rol_3d": [], "vo_orgcode": "0428315871"}


@pytest.fixture(scope="module")
def cookies(fleet: tuple[GatewayFixture, dict[str, int]]) -> dict[str, bytes]:
    """The cookie line of each kind of person that the cases have."""
    gateway, _ = fleet
    found = {"anonymous": b""}
    for who, claims in (("user", NOBODYS), ("admin", USER)):
        gateway.op.claims.update(claims)
        with gateway.browser() as browser:
            browser.log_in("/app/x")
            found[who] = f"Cookie: {browser.headers(None)['cookie']}\r\n".encode()
    return found


def test_path_cases(
    through: GatewayFixture, fleet: tuple[GatewayFixture, dict[str, int]], cookies: dict[str, bytes]
) -> None:
    public = int(fleet[0].gateway.settings.listen.rpartition(":")[2])
    wrong = [
        (case["id"], method, found)
        for case in CASES
        for method in ("GET", "POST")
        if (found := _fault(through, public, case, method, cookies[case["as_user"]])) is not None
    ]
    assert not wrong


@functools.cache
def _embedded(port: int, asked: bytes) -> int:
    return _status(port, asked)


def _status(port: int, asked: bytes) -> int:
    """The status of the answer; when it comes, the register has got what it gets."""
    with socket.create_connection(("127.0.0.1", port), 30.0) as sock:
        sock.sendall(asked)
        head = b""
        while b"\r\n" not in head and (data := sock.recv(4_096)):
            head += data
    return int(head[9:12] or 0)


def _fault(
    through: GatewayFixture, public: int, case: dict[str, str], method: str, cookie: bytes
) -> str | None:
    upstream = through.upstream
    target = case["raw_target"].encode("latin-1")
    asked = b"%s %s HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 0\r\n%s\r\n" % (
        method.encode(), target, cookie,
    )  # fmt: skip
    embedded = _embedded(public, asked)
    upstream.begun.clear()
    status = _status(through.port, asked)
    forwarded = [head.split(b" ")[1].decode("latin-1") for head in upstream.begun]
    if len(forwarded) != (status == 200):
        return f"{status}, but the register got {forwarded}"
    for path in forwarded if case["as_user"] != "admin" else ():
        for backend, reads in BACKENDS.items():
            found = reads(path.partition("?")[0])
            if PROTECTED.match(found) or any(DODGES[each](found) for each in case["dodges"].split(" or ")):
                return f"the register, which {backend}, got {path}"
    if status == embedded or (status >= 400 and embedded < 500):
        return None
    # A front that normalises paths asks about another request, which is judged as what it is.
    return (
        None
        if status in (200, 302) and forwarded != [target.decode("latin-1")]
        else f"{status}, embedded {embedded}"
    )
