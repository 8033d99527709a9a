"""Read fields of wire objects: what stands in a store need not be what we wrote, so a wrong type reads as missing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

Span = dict[str, Any]


def status_of(span: Mapping[str, Any]) -> str:
    """``open``, ``ok``, ``error``, ``unset``, or the outcome of a span that the program did not end."""
    if not is_ended(span):
        return "open"
    status = text(span, "status") or "unset"
    return (text(mapping(span, "attributes"), "mutagent.span.outcome") or status) if status == "unset" else status


def is_ended(span: Mapping[str, Any]) -> bool:
    """Whether this is the final state of a span."""
    return bool(span.get("endTime"))


def text(holder: Mapping[str, Any], key: str) -> str:
    """A string field, or "" where it is missing or something else."""
    value = holder.get(key)
    return value if isinstance(value, str) else ""


def number(holder: Mapping[str, Any], key: str) -> float | None:
    """A finite number field, or None."""
    value = holder.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:  # a whole number beyond every float: nothing that we count grows that large
        return None


def mapping(holder: Mapping[str, Any], key: str) -> dict[str, Any]:
    """An object field, or an empty one."""
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def elapsed_ms(start: str, end: str) -> float | None:
    """Milliseconds between two ISO 8601 times, or None where one can't be read."""
    first, last = moment(start), moment(end)
    return None if first is None or last is None else (last - first).total_seconds() * 1000


def moment(iso: str) -> datetime | None:
    """The time of an ISO 8601 string with a zone, or None."""
    try:
        # Python 3.10 does not read the Z.
        found = datetime.fromisoformat(iso.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
