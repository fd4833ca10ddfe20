"""New reports as they come: by server-sent events, and by WebSocket as `f:websocket` opens it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from simulator.register.faces import CONTEXT, Faces, Page, Refused
from simulator.register.report import Report
from simulator.register.reports import Reports

_STILL_THERE: Final = 15.0


class LivePage(Page):
    """The page on which both ways can be followed."""

    path = "/live.xhtml"
    template = "live.xhtml"


class Live:
    """The two ways."""

    def __init__(self, faces: Faces, reports: Reports) -> None:
        self._faces = faces
        self._reports = reports

    def routes(self) -> list[Route | WebSocketRoute]:
        """Both of them."""
        return [
            Route(f"{CONTEXT}/live/stroom", self.stream),
            WebSocketRoute(f"{CONTEXT}/javax.faces.push/meldingen", self.socket),
        ]

    async def stream(self, request: Request) -> Response:
        """An event for each new report that the visitor sees."""
        visitor = self._faces.visitor_of(request)

        async def events() -> AsyncIterator[str]:
            with self._reports.follow(visitor) as news:
                yield ": verbonden\n\n"
                while True:
                    try:
                        report = await asyncio.wait_for(news.get(), _STILL_THERE)
                    except TimeoutError:
                        yield ":\n\n"
                    else:
                        yield f"data: {_message(report)}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def socket(self, socket: WebSocket) -> None:
        """A message for each new report that the visitor sees; "hallo" is answered with the name of the visitor."""
        try:
            visitor = self._faces.visitor_of(socket)
        except Refused:
            await socket.close()  # before it was accepted: the handshake gets 403
            return
        await socket.accept()
        with self._reports.follow(visitor) as news:
            sending = asyncio.create_task(_send(socket, news))
            with contextlib.suppress(WebSocketDisconnect):
                async for words in socket.iter_text():
                    if words == "hallo":
                        await socket.send_text(json.dumps({"verbonden": visitor.name}))
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def _send(socket: WebSocket, news: asyncio.Queue[Report]) -> None:
    while True:
        await socket.send_text(_message(await news.get()))


def _message(report: Report) -> str:
    names = {
        "nummer": report.number,
        "producent": report.draft.producer,
        "indiener": report.organisation_name,
    }
    return json.dumps(names)
