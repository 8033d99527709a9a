"""The ASGI application: which address leads where."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from mutagent.store.errors import StoreUnreadable
from mutagent.viewer.access import Access, Rules
from mutagent.viewer.collector import api
from mutagent.viewer.live import events
from mutagent.viewer.pages import compare, overview, sessions, traces
from mutagent.viewer.pages import trace as one
from mutagent.viewer.site import STATIC, IndexMissing, Site, site_of

ROUTES = [
    Route("/", traces.traces),
    Route("/traces", traces.to_list),
    Route("/traces/{trace_id}.json", one.trace_json),
    Route("/traces/{trace_id}.html", one.trace_export),
    Route("/traces/{trace_id}", one.trace),
    Route("/runs/{run_id:path}", one.run),
    Route("/sessions", sessions.sessions),
    Route("/sessions/{session_id:path}", sessions.session),
    Route("/overview", overview.page),
    Route("/overview.json", overview.plots),
    Route("/compare", compare.page),
    Route("/events", events),
    Route("/api/traces/batch", api.batch, methods=["POST"]),
    Route("/api/traces", api.traces),
    Route("/api/traces/", api.traces),
    Route("/api/traces/{trace_id}", api.trace),
    Route("/api/traces/{trace_id}/spans", api.spans),
    Mount("/static", StaticFiles(directory=STATIC), name="static"),
]


def create_app(site: Site, rules: Rules | None = None, *, follow: bool = True) -> Starlette:
    """The viewer as an ASGI application.

    Args:
        site: the store to show.
        rules: who may ask; by default who uses a name of this machine.
        follow: whether to keep the index up with the store while the application runs.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        site.hub.open()
        if follow:
            site.follower.start()
        yield
        site.hub.close()
        site.follower.stop()
        site.writer.close()

    handlers = {404: _not_found, IndexMissing: _not_ready, StoreUnreadable: _unreadable}
    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(Access, rules=rules or Rules())],
        exception_handlers=handlers,
        lifespan=lifespan,
    )
    app.state.site = site
    return app


def _not_found(request: Request, error: Exception) -> Response:
    detail = getattr(error, "detail", "") or "Not Found"
    line = "There is nothing at this address." if detail == "Not Found" else str(detail)
    return _said(request, 404, "Not found", line)


def _not_ready(request: Request, error: Exception) -> Response:
    return _said(request, 503, "One moment", "The index is being built. This page will be there in a moment.")


def _unreadable(request: Request, error: Exception) -> Response:
    return _said(request, 503, "The store can't be read", str(error))


def _said(request: Request, status: int, title: str, line: str) -> Response:
    if request.url.path.startswith("/api/"):
        return api.refusal(status, line)
    return site_of(request).page(request, "said.html", status, title=title, line=line)
