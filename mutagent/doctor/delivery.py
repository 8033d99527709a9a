"""What the last processes could deliver, by the receipts that they left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from mutagent.doctor.findings import NOTE, OK, PROBLEM, WARNING, Finding
from mutagent.doctor.surroundings import Surroundings
from mutagent.export import receipts
from mutagent.store.fields import moment, number, text

_SHOWN = 3
_LOST, _KEPT = ("rejected", "dropped"), ("spooled", "pending")
_COUNTS = ("ended", "accepted", *_LOST, *_KEPT, "recovered")

# What the words of a delivery error mean for the reader; the first that fits.
_ADVICE = (
    ("key was refused", "check MUTAGENT_API_KEY: it was revoked, or is of another workspace"),
    ("is the endpoint right", "check MUTAGENT_ENDPOINT: it is the base URL, without a path"),
    ("name or service not known", "check the host name in MUTAGENT_ENDPOINT, and this machine's DNS"),
    ("temporary failure in name resolution", "check this machine's DNS, or the proxy settings (HTTPS_PROXY)"),
    ("nodename nor servname", "check the host name in MUTAGENT_ENDPOINT, and this machine's DNS"),
    ("getaddrinfo", "check the host name in MUTAGENT_ENDPOINT, and this machine's DNS"),
    ("connection refused", "nothing listens there: check host and port of MUTAGENT_ENDPOINT"),
    ("certificate", "set SSL_CERT_FILE to your network's CA bundle"),
    ("ssl", "check that the endpoint speaks https, and SSL_CERT_FILE"),
    ("proxy", "check HTTPS_PROXY and NO_PROXY"),
    ("in time", "check that a firewall lets this machine reach the endpoint"),
    ("disk", "free some space, or set MUTAGENT_HOME to another disk"),
    ("readonly", "set MUTAGENT_HOME to a directory that this user may write"),
    ("can't be written", "set MUTAGENT_HOME to a directory that this user may write"),
)
# Clocks of several machines, and files on a network, differ by less.
_TOLERATED_SECONDS = 60.0
_ELSE = "mutagent doctor --live sends one test trace and says what comes back"


def look(here: Surroundings) -> Iterator[Finding]:
    """The newest receipts; the newest of all decides whether something is wrong now."""
    found = [receipt for receipt in reversed(receipts.read(here.home)) if isinstance(receipt, dict)]
    if not found:
        yield Finding(NOTE, "receipts", f"no process has left one in {here.home} yet")
        return
    for index, receipt in enumerate(found[:_SHOWN]):
        yield _receipt(receipt, newest=index == 0)
    last = next((receipt for receipt in found if text(receipt, "error")), None)
    if last is not None:
        yield Finding(
            NOTE,
            "last error",
            f"{text(last, 'error')}, {_when(last)}",
            do=advice(text(last, "error")),
            facts={"error": text(last, "error"), "time": text(last, "time")},
        )


def advice(error: str) -> str:
    """What to do about a delivery error."""
    words = error.lower()
    return next((do for fragment, do in _ADVICE if fragment in words), _ELSE)


def _receipt(receipt: dict[str, Any], newest: bool) -> Finding:
    sinks = [sink for sink in receipt.get("sinks") or () if isinstance(sink, dict)]
    lost, kept = _sum(sinks, _LOST), _sum(sinks, _KEPT)
    service = text(receipt, "service") or "a program"
    what = f"{service}, {_when(receipt)}: {_said(sinks) or 'nothing sent'}"
    error = text(receipt, "error")
    facts = {"time": text(receipt, "time"), "service": service, "pid": receipt.get("pid"), "error": error or None}
    facts["sinks"] = [{"name": text(sink, "name"), **{name: _number(sink, name) for name in _COUNTS}} for sink in sinks]
    if not (lost or kept):
        return Finding(OK, "receipt", what, facts=facts)
    level = NOTE if not newest else PROBLEM if lost else WARNING
    then = "" if lost else "what lies in the spool is sent by the next process that gets through"
    return Finding(level, "receipt", what, error or then, advice(error), facts)


def _said(sinks: list[dict[str, Any]]) -> str:
    return "; ".join(f"{_place(text(sink, 'name'))} {_counts(sink)}" for sink in sinks)


def _place(name: str) -> str:
    return {"local": "local store", "mutagent": "MutagenT"}.get(name, name)


def _counts(sink: dict[str, Any]) -> str:
    named = [(name, _number(sink, name)) for name in _COUNTS if name != "ended"]
    return ", ".join(f"{count:,} {name}" for name, count in named if count) or "nothing"


def _sum(sinks: list[dict[str, Any]], names: tuple[str, ...]) -> int:
    return sum(_number(sink, name) for sink in sinks for name in names)


def _number(sink: dict[str, Any], name: str) -> int:
    return int(number(sink, name) or 0)


def _when(receipt: dict[str, Any]) -> str:
    at = moment(text(receipt, "time"))
    return "some time ago" if at is None else ago((datetime.now(timezone.utc) - at).total_seconds())


def ago(seconds: float) -> str:
    """``3 minutes ago``."""
    if seconds < -_TOLERATED_SECONDS:
        return "in the future, by this machine's clock"
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        count = int(seconds / size)
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
