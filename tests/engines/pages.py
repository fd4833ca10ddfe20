"""A register of small pages, each with one thing that engines do differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

_FRAMES = "<iframe src='/lab/x'></iframe><iframe src='/closed/x'></iframe>"
_AHEAD = """
for (const address of ['/oauth2/sign_out', '/oauth2/logout/local']) {
  const link = document.createElement('link');
  const looked = () => document.title += ' looked';
  Object.assign(link, {rel: 'prefetch', href: address, onload: looked, onerror: looked});
  document.head.append(link);
  if (!link.relList.supports('prefetch')) looked();
}
"""
_WORKER = """
navigator.serviceWorker.register('/open/worker.js', {scope: '/lab/app/'})
  .then(found => new Promise(done => {
    const worker = found.active || found.waiting || found.installing;
    const look = () => worker.state === 'activated' && done();
    worker.addEventListener('statechange', look);
    look();
  })).then(() => document.title = 'ready');
"""
_WORKER_JS = """
self.addEventListener('install', event => self.skipWaiting());
self.addEventListener('fetch', event => event.respondWith(fetch(event.request)));
"""
_CALLS = """
const xhr = (headers) => new Promise(done => {
  const asked = new XMLHttpRequest();
  asked.open('GET', '/lab/call');
  for (const [name, value] of Object.entries(headers)) asked.setRequestHeader(name, value);
  asked.onloadend = () => done(asked.status);
  asked.send();
});
Promise.all([
  fetch('/lab/call').then(answer => answer.status),
  fetch('/lab/call', {headers: {accept: 'text/html'}}).then(answer => answer.status),
  fetch('/lab/call', {method: 'POST', body: new URLSearchParams({a: '1'})}).then(answer => answer.status),
  xhr({'X-Requested-With': 'XMLHttpRequest', accept: 'text/html'}),
  xhr({'HX-Request': 'true', accept: 'text/html'}),
]).then(found => document.title = found.join(' '));
"""
_FORM = "<form method='post' action='/lab/form?jaar=2026'><textarea name='waarde'></textarea><button>Verstuur</button></form>"


@dataclass
class Pages:
    """Keeps the forms that it received."""

    forms: list[str] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        methods = ["GET", "POST"]
        return Starlette(
            routes=[
                Route("/open/frames", lambda _: _page("frames", _FRAMES)),
                Route("/open/ahead", lambda _: _page("ahead", f"<script>{_AHEAD}</script>")),
                Route("/open/worker", lambda _: _page("worker", f"<script>{_WORKER}</script>")),
                Route("/open/worker.js", _worker),
                Route("/open/calls", lambda _: _page("calls", f"<script>{_CALLS}</script>")),
                Route("/lab/form", self._form, methods=methods),
                Route("/{rest:path}", _echo, methods=methods),
            ]
        )

    async def _form(self, request: Request) -> Response:
        """A form; whoever asks says which Content-Security-Policy it has."""
        if request.method == "GET":
            policy = request.query_params.get("policy")
            return _page("form", _FORM, {"content-security-policy": policy} if policy else None)
        self.forms.append((await request.body()).decode("latin-1"))
        return _page("received", f"<p>Ontvangen: {len(self.forms)}</p>")


def _page(title: str, content: str, headers: Mapping[str, str] | None = None) -> Response:
    return HTMLResponse(f"<!doctype html><title>{title}</title><h1>{title}</h1>{content}", headers=headers)


async def _worker(_request: Request) -> Response:
    return Response(_WORKER_JS, media_type="text/javascript", headers={"service-worker-allowed": "/"})


async def _echo(request: Request) -> Response:
    """Who asks for what; whoever asks says with which Cache-Control and validator."""
    asked = request.query_params
    headers = {name: asked[name] for name in ("cache-control", "last-modified") if name in asked}
    shown = (
        f"{request.method} {request.url.path} {len(request.url.query)} {request.headers.get('x-auth-name')}"
    )
    return _page("echo", f"<p>Vertrouwelijk {escape(shown)}</p><p id='hash'></p>{_SHOW_HASH}", headers)


_SHOW_HASH = "<script>document.getElementById('hash').textContent = 'hash ' + location.hash</script>"
