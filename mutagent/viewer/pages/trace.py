"""One trace, or one run as if it were one: the tree on its timeline, and a panel about the span that is selected."""

from __future__ import annotations

import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mutagent.store.errors import AmbiguousPrefix
from mutagent.store.fields import text
from mutagent.store.trace import Trace
from mutagent.viewer.export import trace_html
from mutagent.viewer.queries import listing
from mutagent.viewer.site import Site, site_of
from mutagent.viewer.trace.reading import read

_MOST_TRACES = 200
# Rows a page shows at first; a browser lays out so many without a pause.
MOST_ROWS = 1000


def trace(request: Request) -> Response:
    """``GET /traces/{id}``; the first digits of an id lead to it."""
    found = _found(request)
    if found.trace_id != request.path_params["trace_id"]:
        return RedirectResponse(f"/traces/{found.trace_id}")
    return _page(request, found, base=f"/traces/{found.trace_id}", is_run=False)


def run(request: Request) -> Response:
    """``GET /runs/{id}``: the newest traces of a run on one timeline."""
    site, run_id = site_of(request), request.path_params["run_id"]
    with site.index() as index:
        lines = listing.lines_with(index, "run", run_id, _MOST_TRACES)
    traces = [found for line in lines if (found := site.reader.trace(line.trace_id)) is not None]
    if not traces:
        raise HTTPException(404, "No trace of this run is in the store.")
    spans = [span for found in traces for span in found.spans]
    spans.sort(key=lambda span: text(span, "startTime"))
    return _page(request, Trace(0, run_id, traces[-1].header, spans), base=f"/runs/{run_id}", is_run=True)


def trace_json(request: Request) -> Response:
    """``GET /traces/{id}.json``: the wire form."""
    found = _found(request)
    body = json.dumps(found.to_dict(), indent=2)
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})


def trace_export(request: Request) -> Response:
    """``GET /traces/{id}.html``: one file with everything in it."""
    found = _found(request)
    name = "".join(filter(str.isalnum, found.trace_id))[:12]
    headers = {"content-disposition": f'attachment; filename="trace-{name}.html"', "cache-control": "no-store"}
    return HTMLResponse(trace_html(found), headers=headers)


def _found(request: Request) -> Trace:
    site: Site = site_of(request)
    try:
        found = site.reader.trace(request.path_params["trace_id"])
    except AmbiguousPrefix as error:
        raise HTTPException(404, f"{error}.") from error
    if found is None or not found.spans:
        raise HTTPException(404, "No trace with this id is in the store. It may have been deleted by age or size.")
    return found


def _page(request: Request, found: Trace, **values: Any) -> Response:
    reading = read(found, request.query_params.get("span", ""))
    template = "panel.html" if request.query_params.get("part") == "panel" else "trace.html"
    return site_of(request).page(
        request,
        template,
        reading=reading,
        most_rows=len(reading.timeline.rows) if request.query_params.get("all") else MOST_ROWS,
        live=True,
        **values,
    )
