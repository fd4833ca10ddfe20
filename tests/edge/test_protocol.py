"""The listener's protocol over real sockets: what is answered, in which form, and what follows."""

from __future__ import annotations

from typing import Any

from tests.edge.listening import Application, connect, everything, get, listening
from tests.upstream.raw_client import converse
from tests.waiting import until


class Prompt(Application):
    """Takes /ok at once, and nothing else."""

    def prompt(self, scope: Any, cycle: Any) -> bool:
        if scope["raw_target"] != b"/ok":
            return False
        cycle.answer(200, [(b"content-length", b"6")], b"prompt")
        return True


def test_an_application_may_answer_promptly() -> None:
    with listening(Prompt()) as (running, app, _):
        post = get("/ok", "Content-Length: 2", method="POST") + b"ab"
        seen = converse(running.port, get("/ok") * 20 + get("/headers") + get("/ok") + post, expect=23)
        bodies = [answer.body for answer in seen.answers]
        assert bodies == [b"prompt"] * 20 + [b"host=gw.test", b"prompt", b"ok"]
        assert app.asked == ["/headers", "/ok"]


def test_a_stop_lets_the_request_at_work_end() -> None:
    with listening() as (running, app, _), connect(running.port) as sock, connect(running.port) as idle:
        idle.sendall(get())
        assert idle.recv(999).endswith(b"ok")
        sock.sendall(get("/slow"))
        assert until(lambda: app.at_work == 1)
        running.server.should_exit = True
        assert idle.recv(999) == b""
        raw = everything(sock)
        assert raw.endswith(b"late")
        assert b"connection: close" in raw
