"""Send one test trace to the endpoint with the key, and say what came back."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from time import monotonic, time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from mutagent import __version__
from mutagent.config import HOSTED_ENDPOINT, Settings
from mutagent.doctor.delivery import advice
from mutagent.doctor.findings import NOTE, OK, PROBLEM, WARNING, Finding
from mutagent.doctor.settings import in_force
from mutagent.doctor.surroundings import Surroundings
from mutagent.export.payload import EncodedSpan
from mutagent.export.result import ExportResult

TRACE_NAME = "mutagent doctor"
_DATE_SECONDS = 3.0
# Spans of two machines whose clocks differ by more stand visibly in the wrong order.
_TOLERATED_SECONDS = 30.0


def look(here: Surroundings) -> Iterator[Finding]:
    """The endpoint and the key, with ``--live``; without, that they have not been tried."""
    settings, _ = in_force(here.environ)
    if settings is None or not settings.remote:
        if here.live:
            do = "set MUTAGENT_API_KEY, or MUTAGENT_ENDPOINT for a collector of your own"
            yield Finding(NOTE, "endpoint", "there is nothing to try: spans are not sent anywhere", do=do)
        return
    if not here.live:
        yield Finding(NOTE, "endpoint", f"{settings.endpoint} was not tried", do="mutagent doctor --live")
        return
    began = monotonic()
    result = _sent(settings, here.until)
    yield _answered(settings, result, monotonic() - began)
    yield from _clock(settings, here)


def _sent(settings: Settings, until: float) -> ExportResult:
    from mutagent.export.http import HttpExporter

    exporter = HttpExporter(settings.endpoint, settings.api_key)
    try:
        return exporter.export([_test_span(settings)], until)
    finally:
        exporter.close()


def _test_span(settings: Settings) -> EncodedSpan:
    from mutagent.export.assembly import resource
    from mutagent.export.payload import Encoder
    from mutagent.tracing.tracer import Sink, Tracer

    class Kept(Sink):
        """Takes the test span, which is sent by hand."""

        def ended(self, span: object) -> None:
            """Its sender has it."""

    tracer = Tracer(settings, Kept())
    span = tracer.start("custom", TRACE_NAME, None, {"text": "Does this arrive?"}, {"mutagent.doctor": True})
    span.status = "ok"
    tracer.end(span)
    return Encoder(settings, resource(settings)).encode(span)


def _answered(settings: Settings, result: ExportResult, seconds: float) -> Finding:
    key = "with the key" if settings.api_key else "without a key"
    facts = {"endpoint": settings.endpoint, "accepted": result.accepted, "ms": round(seconds * 1000)}
    if result.accepted:
        what = f"{settings.endpoint} took a test trace {key}, in {facts['ms']} ms"
        return Finding(OK, "endpoint", what, facts=facts)
    error = result.error or "no reason was given"
    what = f"{settings.endpoint} did not take a test trace {key}"
    return Finding(PROBLEM, "endpoint", what, error, advice(error), {**facts, "error": error})


def _clock(settings: Settings, here: Surroundings) -> Iterator[Finding]:
    """This machine's clock beside the service's, as far as its answers are dated."""
    ahead = _seconds_ahead(settings.endpoint, min(_DATE_SECONDS, here.seconds_left))
    if ahead is None or abs(ahead) <= _TOLERATED_SECONDS:
        return
    where = "the service's" if settings.endpoint == HOSTED_ENDPOINT else "the endpoint's"
    yield Finding(
        WARNING,
        "clock",
        f"this machine's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} {where}",
        "spans of several machines then stand in the wrong order",
        "switch time synchronisation on",
        {"seconds_ahead": round(ahead)},
    )


def _seconds_ahead(endpoint: str, timeout: float) -> float | None:
    """Asked without the key, and with the standard library: whatever answers, even an error, bears its date."""
    request = Request(endpoint, method="HEAD", headers={"user-agent": f"mutagent/{__version__}"})
    try:
        with urlopen(request, timeout=timeout) as response:
            date = response.headers.get("date")
    except HTTPError as error:
        date = error.headers.get("date")
        error.close()
    except (OSError, ValueError, HTTPException):
        return None
    try:
        return time() - parsedate_to_datetime(date).timestamp() if date else None
    except (TypeError, ValueError):
        return None
