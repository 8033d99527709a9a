"""Requests, errors, latency, tokens and cost over time and by model; what is slowest, dearest, failing."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mutagent.viewer.queries import listing
from mutagent.viewer.queries.filters import Filters
from mutagent.viewer.queries.overview import RANGES, overview, plotted
from mutagent.viewer.site import site_of

_TOP = 6
_LISTS = (("Slowest", {"sort": "slowest"}), ("Dearest", {"sort": "dearest"}), ("Failing", {"status": "error"}))


def page(request: Request) -> Response:
    """``GET /overview?range=24h``."""
    site, chosen = site_of(request), _range(request)
    with site.index() as index:
        found = overview(index, chosen, time.time())
        wanted = [(title, Filters(since=chosen, **only)) for title, only in _LISTS]
        tops = [(title, each.url(), listing.page_of(index, each, limit=_TOP).traces) for title, each in wanted]
    return site.page(request, "overview.html", found=found, ranges=RANGES, tops=tops)


def plots(request: Request) -> Response:
    """``GET /overview.json?range=24h``: the columns of the plots."""
    with site_of(request).index() as index:
        found = plotted(overview(index, _range(request), time.time()))
    return JSONResponse(found, headers={"cache-control": "no-store"})


def _range(request: Request) -> str:
    chosen = request.query_params.get("range", "")
    return chosen if chosen in RANGES else "24h"
