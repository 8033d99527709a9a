"""Compare two traces side by side."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from mutagent.store.errors import AmbiguousPrefix
from mutagent.store.trace import Trace
from mutagent.terminal.text import cost, duration
from mutagent.viewer import formats
from mutagent.viewer.queries import listing
from mutagent.viewer.queries.filters import Filters
from mutagent.viewer.queries.listing import TraceLine
from mutagent.viewer.site import Site, site_of
from mutagent.viewer.trace.comparison import Difference, change, pairs_of
from mutagent.viewer.trace.reading import Reading, read
from mutagent.viewer.trace.turns import turn_of

_CANDIDATES = 30


def page(request: Request) -> Response:
    """``GET /compare?a=ID&b=ID``; with one of them missing, traces to choose from."""
    site = site_of(request)
    a, b = (_trace(site, request.query_params.get(name, "").strip()) for name in ("a", "b"))
    if a is None or b is None:
        chosen = a or b
        candidates = _candidates(site, chosen)
        return site.page(request, "choose.html", chosen=read(chosen) if chosen else None, candidates=candidates)
    left, right = read(a), read(b)
    turns = turn_of(a), turn_of(b)
    return site.page(
        request,
        "compare.html",
        a=left,
        b=right,
        differences=_differences(left, right),
        pairs=pairs_of(left, right),
        turns=turns,
        change=change,
    )


def _trace(site: Site, trace_id: str) -> Trace | None:
    if not trace_id:
        return None
    try:
        found = site.reader.trace(trace_id)
    except AmbiguousPrefix:
        return None
    return found if found is not None and found.spans else None


def _candidates(site: Site, chosen: Trace | None) -> list[TraceLine]:
    """The newest traces, those of the same name first."""
    with site.index() as index:
        newest = listing.page_of(index, Filters(), limit=_CANDIDATES).traces
        if chosen is None:
            return newest
        name = read(chosen).summary.name
        condition = "WHERE t.name = ? ORDER BY t.start_us DESC LIMIT ?"
        alike = listing.lines_of(index, condition, (name, _CANDIDATES))
    lines = {line.trace_id: line for line in [*alike, *newest]}
    return [line for line in lines.values() if line.trace_id != chosen.trace_id]


def _differences(a: Reading, b: Reading) -> list[Difference]:
    figures = [
        ("duration", a.timeline.length_ms, b.timeline.length_ms, duration),
        ("spans", len(a.tree.nodes), len(b.tree.nodes), formats.count),
        ("errors", a.summary.errors, b.summary.errors, formats.count),
        ("input tokens", a.summary.tokens.input, b.summary.tokens.input, formats.count),
        ("output tokens", a.summary.tokens.output, b.summary.tokens.output, formats.count),
        ("cost", a.summary.cost_usd, b.summary.cost_usd, cost),
    ]
    return [
        Difference(name, shown(left), shown(right), *change(left, right))
        for name, left, right, shown in figures
        if left or right
    ]
