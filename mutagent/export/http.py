"""Send batches to the service. The only file that imports httpx.

A batch whose answer was not read is sent again with the same ids; whether to wait, go on or give up is said in the
result, never waited for here. The key goes into one header and nowhere else.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from mutagent import __version__, hosts, process
from mutagent.export.payload import EncodedSpan, batch_body, text_dialect
from mutagent.export.quiet import QuietLoggers
from mutagent.export.result import ExportResult
from mutagent.guard import say_once
from mutagent.loading import from_module

if TYPE_CHECKING:
    import httpx

PATH = "/api/traces/batch"
_CONNECT_SECONDS, _READ_SECONDS = 5.0, 10.0
# One batch, answer included; a server that drips its answer does not hold the thread for longer.
_BATCH_SECONDS = 20.0
_MAX_ANSWER_BYTES = 65_536
_MAX_RETRY_AFTER = 300.0
_REFUSED_SECONDS = 60.0
_LOGGERS = tuple(
    name.format(major)
    for name in ("httpx{}", "httpcore{}.connection", "httpcore{}.http11", "httpcore{}.proxy")
    for major in ("", "2")
)
_TRANSIENT = frozenset({408, 425, 429})
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

Dialect = Callable[[Sequence[EncodedSpan]], bytes]


class Answer(NamedTuple):
    """What came back: the status, 0 where there was none; the body; seconds asked to wait; what went wrong."""

    status: int
    body: bytes = b""
    retry_after: float | None = None
    error: str | None = None


class HttpExporter:
    """The exporter of the service.

    Args:
        endpoint: base URL without a trailing slash.
        api_key: sent as ``x-api-key``; None where the endpoint needs none.
    """

    name = "mutagent"
    wants_open = False
    # Calls wait for the network: they get a thread of their own.
    blocking = True

    def __init__(self, endpoint: str, api_key: str | None) -> None:
        self.target = endpoint
        self._api_key = api_key
        self._client: httpx.Client | None = None
        self._quiet = QuietLoggers(*_LOGGERS)
        self._dialect: Dialect = batch_body
        self._body_limit: int | None = None

    def prepare(self) -> None:
        """Load httpx and build the client, before there is anything to send: what a request imports is here then."""
        import encodings.idna  # noqa: F401 - the socket module loads it for its first host name

        self._open()
        hosts.prepare_resolver()

    def export(self, spans: Sequence[EncodedSpan], deadline: float | None) -> ExportResult:
        """Post a batch, in parts where the service has said that it was too large.

        Args:
            spans: what to send.
            deadline: ``time.monotonic()`` seconds until which to try; None: twenty seconds from now.
        """
        until = min(deadline or float("inf"), monotonic() + _BATCH_SECONDS)
        total = ExportResult()
        for part in self._parts(spans):
            if total.retry:
                total.retry += part
            else:
                _merge(total, self._send(part, until))
        return total

    def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            client.close()
        self._quiet.lift()

    def _parts(self, spans: Sequence[EncodedSpan]) -> list[list[EncodedSpan]]:
        if self._body_limit is None:
            return [list(spans)]
        parts: list[list[EncodedSpan]] = [[]]
        size = 0
        for span in spans:
            size += span.size
            if parts[-1] and size > self._body_limit:
                parts.append([])
                size = span.size
            parts[-1].append(span)
        return parts

    def _send(self, spans: list[EncodedSpan], until: float) -> ExportResult:
        answer = self._post(self._dialect(spans), until)
        if answer.status in (400, 422):
            return self._in_other_dialect(spans, answer, until)
        if answer.status == 413:
            return self._halved(spans, until)
        return _result(spans, answer)

    def _in_other_dialect(self, spans: list[EncodedSpan], refusal: Answer, until: float) -> ExportResult:
        other = batch_body if self._dialect is text_dialect else text_dialect
        answer = self._post(other(spans), until)
        if 200 <= answer.status < 300:
            self._dialect = other
            return _result(spans, answer)
        if answer.status in (400, 422):
            return ExportResult(retry=spans, error=f"HTTP {refusal.status}{_said(refusal)}", spool=True)
        return _result(spans, answer)

    def _halved(self, spans: list[EncodedSpan], until: float) -> ExportResult:
        if len(spans) == 1:
            say_once("413", f"{self.target} takes no span of {spans[0].size} bytes; such spans are dropped.")
            return ExportResult(dropped=1, error="HTTP 413: one span is too large")
        middle = len(spans) // 2
        self._body_limit = max(sum(span.size for span in part) for part in (spans[:middle], spans[middle:]))
        result = self._send(spans[:middle], until)
        if result.retry:
            result.retry += spans[middle:]
        else:
            _merge(result, self._send(spans[middle:], until))
        return result

    def _post(self, body: bytes, until: float) -> Answer:
        httpx = _library()
        try:
            client = self._open()
            try:
                return self._exchange(client, body, until)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                # A kept connection that the server had closed meanwhile looks like this; a new one tells.
                return self._exchange(client, body, until)
        except httpx.LocalProtocolError:
            # Its message repeats the header's value.
            return Answer(0, error="the API key has characters that no HTTP header can carry")
        except httpx.TimeoutException as error:
            return Answer(
                0, error="no connection in time" if "Connect" in type(error).__name__ else "no answer in time"
            )
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ImportError, RuntimeError) as error:
            # RuntimeError: gevent wants a thread to look up the host, at the interpreter's end.
            return Answer(0, error=_without(self._api_key, str(error)) or type(error).__name__)

    def _exchange(self, client: httpx.Client, body: bytes, until: float) -> Answer:
        left = until - monotonic()
        if left <= 0:
            return Answer(0, error="no time left")
        timeout = _library().Timeout(min(_READ_SECONDS, left), connect=min(_CONNECT_SECONDS, left))
        with client.stream("POST", self.target + PATH, content=body, timeout=timeout) as response:
            received = b""
            for chunk in response.iter_raw():
                received += chunk
                if monotonic() > until or len(received) > _MAX_ANSWER_BYTES:
                    break
            received = received.replace((self._api_key or "\0").encode(), b"[key]")
            return Answer(response.status_code, received, _retry_after(response.headers.get("retry-after")))

    def _open(self) -> httpx.Client:
        if self._client is None:
            headers = {"content-type": "application/json", "user-agent": f"mutagent/{__version__}"}
            if self._api_key:
                headers["x-api-key"] = self._api_key
            self._quiet.impose()
            self._client = _library().Client(headers=headers, trust_env=_may_ask_system_for_proxies())
        return self._client


@lru_cache(maxsize=1)
def _library() -> Any:
    """httpx; its successor where the program has that. Decided once, as the client, its errors and timeouts are one's.

    openai looks into ``sys.modules`` for httpx at every call, and fails on one that our thread is only importing.
    What is there already costs nothing to import, either.
    """
    name = "httpx2" if "httpx2" in sys.modules and "httpx" not in sys.modules else "httpx"
    if from_module(name, "Client") is None:
        raise ImportError(f"{name} is not loaded")
    return sys.modules[name]


def _may_ask_system_for_proxies() -> bool:
    # On macOS the system's proxy lookup crashes in a forked child (opentelemetry-python#3307).
    if str(sys.platform) != "darwin" or not process.is_forked():
        return True
    return any(name in os.environ for name in _PROXY_VARIABLES)


def _merge(total: ExportResult, part: ExportResult) -> None:
    total.accepted += part.accepted
    total.rejected += part.rejected
    total.dropped += part.dropped
    total.retry += part.retry
    total.error = part.error or total.error
    total.wait_s = part.wait_s
    total.spool = part.spool


def _result(spans: list[EncodedSpan], answer: Answer) -> ExportResult:
    status = answer.status
    if 200 <= status < 300:
        return _accepted(len(spans), answer)
    if status == 0:
        return ExportResult(retry=spans, error=answer.error)
    if status in (401, 403):
        error = f"the API key was refused (HTTP {status}); check MUTAGENT_API_KEY"
        return ExportResult(retry=spans, error=error, wait_s=_REFUSED_SECONDS, spool=True)
    error = f"HTTP {status}{_said(answer)}"
    if status in _TRANSIENT or status >= 500:
        return ExportResult(retry=spans, error=error, wait_s=answer.retry_after)
    return ExportResult(retry=spans, error=f"{error}; is the endpoint right?", wait_s=_REFUSED_SECONDS, spool=True)


def _accepted(count: int, answer: Answer) -> ExportResult:
    try:
        said = json.loads(answer.body)
        rejected = said.get("rejected", 0)
        if type(said.get("accepted")) is not int or type(rejected) is not int:
            raise ValueError("no counts")
    except (ValueError, AttributeError):
        say_once("garbage answer", f"the service answered {answer.status} without counts; spans are taken as accepted.")
        return ExportResult(accepted=count)
    rejected = max(0, min(rejected, count))
    if not rejected:
        return ExportResult(accepted=count)
    note = said.get("note")
    return ExportResult(count - rejected, rejected, error=f"{rejected} spans rejected" + (f": {note}" if note else ""))


def _said(answer: Answer) -> str:
    """The service's own words, one line of them."""
    words = " ".join(answer.body[:200].decode("utf-8", "replace").split())
    return f": {words}" if words else ""


def _without(secret: str | None, text: str) -> str:
    return text.replace(secret, "[key]") if secret else text


def _retry_after(value: str | None) -> float | None:
    """Seconds, from either form that the header has."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        from email.utils import parsedate_to_datetime  # a package of its own, for the rarer form

        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
        seconds = (at - datetime.now(timezone.utc)).total_seconds()
    return max(0.0, min(seconds, _MAX_RETRY_AFTER)) if seconds == seconds else None
