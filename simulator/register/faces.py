"""The life of a JSF page: a view that the server remembers, postbacks to it, and answers in whole or in parts."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.dates import belgian_date
from simulator.numbers import organisation_shown
from simulator.register.codes import STREAMS
from simulator.register.identity import Visitor, visitor_from
from simulator.register.postback import Postback, postback_of
from simulator.register.sessions import COOKIE, OwnSession, Sessions, View

CONTEXT: Final = "/ncr"
_ENVIRONMENTS: Final = {"ti": "T&I", "prd": "PRD"}
_EXPIRED: Final = "javax.faces.application.ViewExpiredException"


class Refused(Exception):
    """A page of its own says why: status, title and words in Dutch."""

    def __init__(self, status: int, title: str, words: str) -> None:
        super().__init__(title)
        self.status, self.title, self.words = status, title, words


@dataclass
class Visit:
    """One request for a page: who, in which session, and what the server remembers of the page."""

    session: OwnSession
    state: dict[str, Any]
    query: dict[str, str]

    @property
    def visitor(self) -> Visitor:
        return self.session.visitor


class Page:
    """A page of the register; `path` is below the context, `regions` are the parts that scripts may ask for."""

    path: str
    template: str
    regions: tuple[str, ...] = ()
    submitters_only = False

    def begin(self, visit: Visit) -> None:
        """Fill the state of a view that is shown for the first time. Raises Refused."""

    def pressed(self, visit: Visit, form: Postback) -> str | None:
        """What a postback does: the page to go to, or None to show this one again."""

    def values(self, visit: Visit) -> dict[str, Any]:
        """What the template shows."""
        return {}


class Faces:
    """Serves pages. `inside` is the address of the register as it knows it, which stands in its redirects and cookies."""

    def __init__(self, sessions: Sessions, environment: str, inside: str) -> None:
        self._sessions = sessions
        self._inside = inside
        self._host = urlsplit(inside).hostname
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True,
            undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        shown = _ENVIRONMENTS.get(environment, environment)
        self._templates.globals.update(environment=shown, STREAMS=STREAMS, context=CONTEXT)
        self._templates.filters.update(dag=belgian_date, nummer=organisation_shown)

    def route(self, page: Page) -> Route:
        """The route of this page."""

        async def serve(request: Request) -> Response:
            return await (self._postback if request.method == "POST" else self._show)(page, request)

        return Route(CONTEXT + page.path, serve, methods=["GET", "HEAD", "POST"])

    def visitor_of(self, connection: HTTPConnection) -> Visitor:
        """The visitor of the own session; without one, of the headers. Raises Refused."""
        session, _ = self._sessions.of(connection)
        visitor = session.visitor if session else visitor_from(connection.headers)
        if visitor is None:
            raise Refused(
                403,
                "Het register kent u niet",
                "U kunt dit register alleen openen via de toegangspoort. Die zegt aan het register wie u bent.",
            )
        if not visitor.may_read:
            raise Refused(403, "U hebt geen toegang", "U hebt geen recht op deze pagina van het register.")
        return visitor

    def redirect(self, path: str, session: OwnSession | None = None) -> Response:
        """A redirect by the inside address; with the session in the path where no cookie is known to work."""
        return Response(status_code=302, headers={"location": self._inside + _link(path, session)})

    def refuse(self, request: Request, error: Refused) -> Response:
        """The page that says why not."""
        html = self._templates.get_template("fout.xhtml").render(
            visitor=None, link=lambda path: CONTEXT + path, here="", notice="", title=error.title,
            words=error.words, status=error.status,
        )  # fmt: skip
        return _page(html, error.status)

    async def _show(self, page: Page, request: Request) -> Response:
        session, by_cookie = self._sessions.of(request)
        visitor = self._allowed(page, request)
        begun = session is None
        session = session or self._sessions.begin(visitor)
        visit = Visit(session, {}, dict(request.query_params))
        page.begin(visit)
        response = self._whole(page, visit, by_cookie=by_cookie)
        if begun:
            response.headers["set-cookie"] = (
                f"{COOKIE}={session.id}; Path={CONTEXT}; Domain={self._host}; HttpOnly"
            )
        return response

    async def _postback(self, page: Page, request: Request) -> Response:
        session, by_cookie = self._sessions.of(request)
        form = await postback_of(request)
        view = session.view(form.state, page.path) if session else None
        if session is None or view is None:
            return self._expired(page, request, form)
        self._allowed(page, request)
        visit = Visit(session, view.values, dict(request.query_params))
        there = page.pressed(visit, form)
        if form.ajax:
            link = None if there is None else _link(CONTEXT + there, None if by_cookie else session)
            return self._partial(page, visit, form, link)
        if there is not None:
            return self.redirect(CONTEXT + there, None if by_cookie else session)
        return self._whole(page, visit, by_cookie=by_cookie)

    def _allowed(self, page: Page, request: Request) -> Visitor:
        visitor = self.visitor_of(request)
        if page.submitters_only and not visitor.may_submit:
            raise Refused(403, "U hebt geen toegang", "Alleen indieners kunnen meldingen indienen.")
        return visitor

    def _whole(self, page: Page, visit: Visit, *, by_cookie: bool) -> Response:
        in_path = None if by_cookie else visit.session
        html = self._templates.get_template(page.template).render(
            **page.values(visit), visitor=visit.visitor, here=page.path, notice=visit.session.notice,
            view_state=visit.session.keep(View(page.path, visit.state)),
            link=lambda path: _link(CONTEXT + path, in_path),
        )  # fmt: skip
        visit.session.notice = ""
        return _page(html, 200)

    def _partial(self, page: Page, visit: Visit, form: Postback, link: str | None) -> Response:
        """Jakarta Faces 13.4.4: a redirect, or the regions that the script asked for."""
        if link is not None:
            return _xml(f'<redirect url="{escape(link)}"/>')
        template = self._templates.get_template(page.template)
        values = {
            **page.values(visit),
            "visitor": visit.visitor,
            "link": lambda path: CONTEXT + path,
        }
        context = template.new_context(values)
        updates = [
            (region, "".join(template.blocks[region](context)))
            for region in form.render
            if region in page.regions
        ]
        updates.append(("javax.faces.ViewState", form.state))
        parts = (f'<update id="{name}"><![CDATA[{_cdata(text)}]]></update>' for name, text in updates)
        return _xml(f"<changes>{''.join(parts)}</changes>")

    def _expired(self, page: Page, request: Request, form: Postback) -> Response:
        words = f"viewId:{page.path} - View {page.path} could not be restored."
        advice = "U hebt deze pagina te lang open laten staan, of u bent intussen opnieuw aangemeld."
        if form.ajax:
            name = f"<error-name>class {_EXPIRED}</error-name>"
            return _xml(f"<error>{name}<error-message><![CDATA[{words}]]></error-message></error>")
        return self.refuse(
            request, Refused(500, "Deze pagina is verlopen", f"{advice} ({_EXPIRED}: {words})")
        )


def _link(path: str, session: OwnSession | None) -> str:
    if session is None:
        return path
    name, question, query = path.partition("?")
    return f"{name};jsessionid={session.id}{question}{query}"


def _page(html: str, status: int) -> Response:
    content = html.encode("iso-8859-1", "xmlcharrefreplace")
    return Response(content, status, headers={"content-type": "text/html;charset=ISO-8859-1"})


def _xml(inner: str) -> Response:
    content = f'<?xml version="1.0" encoding="UTF-8"?><partial-response id="j_id1">{inner}</partial-response>'
    headers = {"content-type": "text/xml;charset=UTF-8", "cache-control": "no-cache"}
    return Response(content.encode(), headers=headers)


def _cdata(text: str) -> str:
    return text.replace("]]>", "]]]]><![CDATA[>")
