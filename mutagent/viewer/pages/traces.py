"""The list of traces: newest first, those of one run together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mutagent.viewer.queries import filters, groups, listing
from mutagent.viewer.queries.groups import Group
from mutagent.viewer.queries.listing import TraceLine
from mutagent.viewer.site import site_of

_CHOICES = ("status", "kind", "model", "service", "environment")
_MOST_CHOICES = 40


@dataclass(frozen=True, slots=True)
class Section:
    """Traces that stand together: those of a run (None: of no run), newest first."""

    run: Group | None
    traces: list[TraceLine]


def traces(request: Request) -> Response:
    """``GET /``."""
    site, wanted = site_of(request), filters.filters_of(request.query_params)
    with site.index() as index:
        page = listing.page_of(index, wanted, request.query_params.get("cursor", ""))
        runs = groups.named(index, "run", {trace.run for trace in page.traces if trace.run})
        choices = groups.choices(index, _CHOICES, _MOST_CHOICES)
        total = groups.count(index)
    together = wanted.sort == "newest" and not wanted.run
    response = site.page(
        request,
        "traces.html",
        filters=wanted,
        labels=list(filters.labels(wanted)),
        sections=list(_sections(page.traces, runs)) if together else [Section(None, page.traces)],
        run=runs.get(wanted.run),
        longest_ms=max((trace.duration_ms or 0.0 for trace in page.traces), default=0.0),
        choices=choices,
        total=total,
        shown=len(page.traces),
        cursor=page.cursor,
        next_url=_next(wanted, page.cursor),
        is_first=not request.query_params.get("cursor"),
        home=str(site.home),
    )
    response.headers["hx-push-url"] = wanted.url() if request.headers.get("hx-trigger") == "filters" else "false"
    return response


def to_list(request: Request) -> Response:
    """``GET /traces``: the list is at the root."""
    return RedirectResponse("/")


def _next(wanted: filters.Filters, cursor: str) -> str:
    url = wanted.url()
    return f"{url}{'&' if '?' in url else '?'}cursor={cursor}" if cursor else ""


def _sections(found: Iterable[TraceLine], runs: dict[str, Group]) -> Iterable[Section]:
    """By run, in the order of the newest trace of each; what belongs to no run stands where it is."""
    sections: dict[str, Section] = {}
    for trace in found:
        key = trace.run or f"alone {trace.n}"
        if key not in sections:
            sections[key] = Section(runs.get(trace.run or ""), [])
        sections[key].traces.append(trace)
    return sections.values()
