"""Which traces are wanted: the filters of `mutagent traces`, and the search for traces that pass them.

They mean what the same filters mean in the viewer, which has an index for them; here the store is read through.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from mutagent.store.fields import Span, moment, text

if TYPE_CHECKING:
    from mutagent.store.reader import StoreReader
    from mutagent.store.summary import TraceSummary
    from mutagent.store.trace import Trace

STATUSES = ("ok", "error", "open", "unset", "interrupted", "abandoned")
_PAGE = 200
# Rows are written within a second of a span's start or end; a page that is older than this holds nothing younger.
_SLACK = timedelta(hours=1)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_AGE = re.compile(r"(\d{1,5})([mhd])")
_PHRASE_OR_WORD = re.compile(r'"([^"]*)"?|(\S+)')


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a trace must be; None: anything. Durations are in milliseconds, costs in US dollars."""

    text: str | None = None
    run: str | None = None
    session: str | None = None
    user: str | None = None
    service: str | None = None
    environment: str | None = None
    model: str | None = None
    kind: str | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    min_ms: float | None = None
    max_ms: float | None = None
    min_cost: float | None = None
    max_cost: float | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is asked for."""
        return self == Wanted()

    def passes(self, trace: Trace, found: TraceSummary) -> bool:
        """Whether a trace is wanted.

        Args:
            trace: the trace.
            found: its summary.
        """
        from mutagent.store.summary import sessions_of

        fits_session = self.session is None or self.session in sessions_of(trace)
        return fits_session and self._fits_summary(found) and self._fits_spans(trace.spans)

    def _fits_summary(self, found: TraceSummary) -> bool:
        is_status = found.errors > 0 if self.status == "error" else self.status in (None, found.status)
        return (
            is_status
            and self.run in (None, found.run_id)
            and self.user in (None, found.user_id)
            and self.service in (None, found.service)
            and self.environment in (None, found.environment)
            and (self.model is None or self.model in found.models)
            and _within(moment(found.start_time), self.since, self.until)
            and _within(found.duration_ms, self.min_ms, self.max_ms)
            and _within(found.cost_usd, self.min_cost, self.max_cost)
        )

    def _fits_spans(self, spans: list[Span]) -> bool:
        if self.kind is not None and not any(text(span, "kind") == self.kind for span in spans):
            return False
        terms = [] if self.text is None else _terms(self.text)
        return not terms or any(_holds(span, terms) for span in spans)


def search(reader: StoreReader, wanted: Wanted, limit: int) -> list[TraceSummary]:
    """The newest traces that are wanted, newest first.

    Args:
        reader: of the store.
        wanted: what they must be.
        limit: how many at the most.
    """
    found: list[TraceSummary] = []
    for candidate in _candidates(reader, wanted, limit):
        if _is_wanted(reader, wanted, candidate):
            found.append(candidate)
        if len(found) >= limit:
            break
    return found


def _candidates(reader: StoreReader, wanted: Wanted, limit: int) -> Iterator[TraceSummary]:
    """Page by page what the store itself can tell apart."""
    size = limit if wanted.everything else max(limit, _PAGE)
    before: int | None = None
    while page := reader.traces(size, before, run_id=wanted.run, session_id=wanted.session, status=wanted.status):
        yield from page
        before = page[-1].seq
        starts = [start for trace in page if (start := moment(trace.start_time)) is not None]
        if wanted.since is not None and starts and max(starts) < wanted.since - _SLACK:
            return


def _is_wanted(reader: StoreReader, wanted: Wanted, candidate: TraceSummary) -> bool:
    if not wanted._fits_summary(candidate):
        return False
    if wanted.kind is None and wanted.text is None:
        return True
    trace = reader.trace(candidate.trace_id)
    return trace is not None and wanted._fits_spans(trace.spans)


def _within(value: Any, least: Any, most: Any) -> bool:
    if least is None and most is None:
        return True
    return value is not None and (least is None or value >= least) and (most is None or value <= most)


def _terms(typed: str) -> list[re.Pattern[str]]:
    """Every word by its beginning and every "quoted phrase", whatever their case."""
    words = (" ".join((phrase or word).split()) for phrase, word in _PHRASE_OR_WORD.findall(typed))
    return [
        re.compile(rf"(?<!\w){re.escape(word)}" if word[0].isalnum() else re.escape(word), re.I)
        for word in words
        if word
    ]


def _holds(span: Span, terms: list[re.Pattern[str]]) -> bool:
    """Whether one span has all the terms in its name, model, error, input or output."""
    texts = [" ".join(part.split()) for part in _strings([span.get(key) for key in _SEARCHED])]
    return all(any(term.search(part) for part in texts) for term in terms)


_SEARCHED = ("name", "model", "statusMessage", "input", "output")


def _strings(value: Any) -> Iterator[str]:
    # A stack, not recursion: a value may be nested deeper than Python's.
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, dict):
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)


# -- the command line


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add an option for each filter but the run, which has a word of its own."""
    group = parser.add_argument_group("filters")
    group.add_argument(
        "-q", "--text", metavar="WORDS", help='in names, inputs, outputs and errors; "a phrase" in quotes'
    )
    group.add_argument("--status", choices=STATUSES, help="with this status; error: any span failed")
    for name, what in (
        ("session", "of this session"),
        ("user", "of this user"),
        ("service", "of this service"),
        ("environment", "of this environment"),
        ("model", "with a call of this model"),
        ("kind", "with a span of this kind, such as tool"),
    ):
        group.add_argument(f"--{name}", metavar="NAME" if name not in ("session", "user") else "ID", help=what)
    group.add_argument("--since", type=time_of, metavar="WHEN", help="begun since: 30m, 24h, 7d, or 2026-01-31")
    group.add_argument("--until", type=day_end, metavar="DAY", help="begun until the end of this day, 2026-01-31")
    group.add_argument("--min-ms", type=_amount, metavar="MS", help="that took at least so long")
    group.add_argument("--max-ms", type=_amount, metavar="MS", help="that took at most so long")
    group.add_argument("--min-cost", type=_amount, metavar="USD", help="that cost at least so much")
    group.add_argument("--max-cost", type=_amount, metavar="USD", help="that cost at most so much")


def wanted_of(args: argparse.Namespace, run: str | None) -> Wanted:
    """The filters that were given.

    Args:
        args: what was parsed.
        run: the id of the run that is meant.
    """
    names = [name for name in Wanted.__dataclass_fields__ if name != "run"]
    return Wanted(run=run, **{name: getattr(args, name) for name in names})


def time_of(given: str) -> datetime:
    """``30m``, ``24h``, ``7d`` before now, or the beginning of a local day; ValueError for anything else."""
    age = _AGE.fullmatch(given)
    if age is None:
        return _day(given)
    return datetime.now(timezone.utc) - timedelta(**{_UNITS[age[2]]: int(age[1])})


def day_end(given: str) -> datetime:
    """The end of a local day; ValueError for what is none."""
    return _day(given) + timedelta(days=1)


def _day(given: str) -> datetime:
    return datetime.strptime(given, "%Y-%m-%d").astimezone()


def _amount(given: str) -> float:
    amount = float(given)
    if not 0 <= amount < 1e15:
        raise ValueError(given)
    return amount
