"""The calls of the service that the viewer answers: write a batch, list traces, read one."""

from __future__ import annotations

import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mutagent.store.errors import AmbiguousPrefix, StoreUnavailable
from mutagent.store.trace import Trace
from mutagent.viewer.collector.payload import Torn, parse
from mutagent.viewer.collector.rows import listed_row, span_row, trace_row
from mutagent.viewer.queries import listing
from mutagent.viewer.queries.filters import filters_of
from mutagent.viewer.site import Site, site_of

MOST_BYTES = 16 << 20
_MOST_TRACES = 500
_DEFAULT_TRACES = 50
_HEADER = "SELECT header FROM headers WHERE n = ?"


async def batch(request: Request) -> Response:
    """``POST /api/traces/batch``."""
    if request.headers.get("content-encoding", "identity") != "identity":
        return refusal(415, "send the body as it is, not compressed")
    body = await _bounded_body(request)
    if body is None:
        return refusal(413, f"a batch has at most {MOST_BYTES} bytes; send it in parts")
    return await run_in_threadpool(_take, site_of(request), body)


def traces(request: Request) -> Response:
    """``GET /api/traces/?limit&cursor&sessionId``."""
    query = request.query_params
    wanted = filters_of({"session": query.get("sessionId", "")})
    with site_of(request).index() as index:
        page = listing.page_of(index, wanted, query.get("cursor", ""), _limit(query.get("limit", "")))
        headers = [index.execute(_HEADER, (line.n,)).fetchone() for line in page.traces]
    rows = [
        listed_row(line, json.loads(header[0]) if header else {})
        for line, header in zip(page.traces, headers, strict=True)
    ]
    return _json({"data": rows, "nextCursor": page.cursor or None})


def trace(request: Request) -> Response:
    """``GET /api/traces/{traceId}``."""
    found = _found(request)
    return _no_trace() if found is None else _json(trace_row(found))


def spans(request: Request) -> Response:
    """``GET /api/traces/{traceId}/spans``."""
    found = _found(request)
    return _no_trace() if found is None else _json({"data": [span_row(found.trace_id, span) for span in found.spans]})


def refusal(status: int, message: str) -> JSONResponse:
    """An answer that says what is wrong."""
    return JSONResponse({"error": message, "message": message}, status)


async def _bounded_body(request: Request) -> bytes | None:
    """The body, or None as soon as it is too long: what is announced is not waited for."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > MOST_BYTES:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _take(site: Site, body: bytes) -> Response:
    try:
        found = parse(body)
        site.writer.append(found.rows)
    except Torn as error:
        return refusal(error.status, str(error))
    except StoreUnavailable as error:
        # Rows written before are written again with the next try, and merge.
        return refusal(503, f"the local store can't be written: {error}")
    site.follower.wake()
    note = {"note": "spans without spanId or startTime were left out"} if found.rejected else {}
    return JSONResponse({"accepted": len(found.rows), "rejected": found.rejected, **note})


def _found(request: Request) -> Trace | None:
    try:
        found = site_of(request).reader.trace(request.path_params["trace_id"])
    except AmbiguousPrefix:
        return None
    return found if found is not None and found.spans else None


def _no_trace() -> Response:
    return refusal(404, "no trace with this id is in the local store")


def _limit(given: str) -> int:
    try:
        return max(1, min(_MOST_TRACES, int(float(given))))
    except (ValueError, OverflowError):
        return _DEFAULT_TRACES


def _json(value: Any) -> Response:
    # ASCII only: half of a surrogate pair stays an escape.
    return Response(json.dumps(value), media_type="application/json", headers={"cache-control": "no-store"})
