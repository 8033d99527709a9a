"""Sessions: the list, and the turns of one in order."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mutagent.viewer.queries import groups, listing
from mutagent.viewer.queries.listing import TraceLine
from mutagent.viewer.site import site_of
from mutagent.viewer.trace.turns import Turn, turn_of

_PAGE = 100
_MOST_TURNS = 100


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """A trace of a session, and what was said in it."""

    line: TraceLine
    turn: Turn


def sessions(request: Request) -> Response:
    """``GET /sessions``."""
    site = site_of(request)
    before = _micros(request.query_params.get("before", ""))
    with site.index() as index:
        found = groups.newest(index, "session", _PAGE + 1, before)
    more = len(found) > _PAGE
    return site.page(request, "sessions.html", groups=found[:_PAGE], before=found[_PAGE - 1].last_us if more else None)


def session(request: Request) -> Response:
    """``GET /sessions/{id}``."""
    site, session_id = site_of(request), request.path_params["session_id"]
    with site.index() as index:
        found = groups.named(index, "session", [session_id]).get(session_id)
        lines = listing.lines_with(index, "session", session_id, _MOST_TURNS)[::-1]
    if found is None:
        raise HTTPException(404, "No trace of this session is in the store.")
    traces = ((line, site.reader.trace(line.trace_id)) for line in lines)
    turns = [ShownTurn(line, turn_of(trace)) for line, trace in traces if trace is not None]
    return site.page(request, "session.html", group=found, turns=turns, left_out=found.traces - len(lines))


def _micros(given: str) -> int | None:
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else None
