"""The filters of the list of traces, as they stand in the URL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

# In the order in which they narrow a list; each is a facet of the index.
FACETS = ("run", "session", "user", "service", "environment", "model", "kind", "status")
SORTS = {"newest": "start_us", "slowest": "duration_ms", "dearest": "cost_usd", "longest": "tokens"}
SPANS_OF_TIME = {"1h": 3600, "24h": 86_400, "7d": 7 * 86_400, "30d": 30 * 86_400}
_NUMBERS = ("min_ms", "max_ms", "min_cost", "max_cost")
_MOST_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Filters:
    """What is wanted: ``q`` in the text, a value of each facet, a time, a duration (ms), a cost (USD), an order.

    ``since`` is one of :data:`SPANS_OF_TIME`, or a local date, as ``until`` is; "" stands for no limit everywhere.
    """

    q: str = ""
    run: str = ""
    session: str = ""
    user: str = ""
    service: str = ""
    environment: str = ""
    model: str = ""
    kind: str = ""
    status: str = ""
    since: str = ""
    until: str = ""
    min_ms: str = ""
    max_ms: str = ""
    min_cost: str = ""
    max_cost: str = ""
    sort: str = "newest"

    @property
    def facets(self) -> list[tuple[str, str]]:
        """The facets that are asked for, with their values."""
        return [(name, value) for name in FACETS if (value := getattr(self, name))]

    @property
    def active(self) -> dict[str, str]:
        """The filters that are set, by their names in the URL."""
        pairs = ((name, str(getattr(self, name))) for name in self.__dataclass_fields__)
        return {name: value for name, value in pairs if value and (name, value) != ("sort", "newest")}

    @property
    def narrowing(self) -> dict[str, str]:
        """Those that leave something out: all but the order."""
        return {name: value for name, value in self.active.items() if name != "sort"}

    def url(self, **changes: str) -> str:
        """The address of the list with other values for these filters; "" drops one."""
        active = replace(self, **changes).active
        return f"/?{urlencode(active)}" if active else "/"

    def number(self, name: str) -> float | None:
        """The limit of this name, or None where there is none."""
        return _number(getattr(self, name))

    def bounds_us(self, now: datetime) -> tuple[int | None, int | None]:
        """The time from which, and until which, traces started, in microseconds since the epoch."""
        seconds = SPANS_OF_TIME.get(self.since)
        first = now - timedelta(seconds=seconds) if seconds else _day(self.since)
        last = _day(self.until)
        return _micros(first), _micros(last + timedelta(days=1) if last else None)


def filters_of(query: Mapping[str, str]) -> Filters:
    """The filters in a URL; what can't be meant is left out."""
    given = {name: query.get(name, "").strip()[:_MOST_CHARACTERS] for name in Filters.__dataclass_fields__}
    given["sort"] = given["sort"] if given["sort"] in SORTS else "newest"
    return Filters(**{name: value for name, value in given.items() if _is_meant(name, value)})


def _is_meant(name: str, value: str) -> bool:
    if name in _NUMBERS:
        return _number(value) is not None
    if name == "since" and value in SPANS_OF_TIME:
        return True
    return name not in ("since", "until") or _day(value) is not None


def labels(filters: Filters) -> Iterator[tuple[str, str, str]]:
    """The filters that are set, each as its name, how it reads, and the address without it."""
    texts = {
        "q": "“{}”", "since": "since {}", "until": "until {}", "min_ms": "≥ {} ms", "max_ms": "≤ {} ms",
        "min_cost": "≥ ${}", "max_cost": "≤ ${}",
    }  # fmt: skip
    for name, value in filters.narrowing.items():
        yield name, texts.get(name, name + " {}").replace("{}", value), filters.url(**{name: ""})


def _number(value: str) -> float | None:
    try:
        found = float(value)
    except ValueError:
        return None
    return found if 0 <= found < 1e15 else None


def _day(value: str) -> datetime | None:
    try:
        return datetime.strptime(value, "%Y-%m-%d").astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else int((moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds() * 1e6)
