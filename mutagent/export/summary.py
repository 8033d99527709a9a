"""The line at the end of a run: what was recorded, and how to look at it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from mutagent.export import receipts
from mutagent.guard import say

if TYPE_CHECKING:
    from mutagent.config import Settings
    from mutagent.export.pipeline import Pipeline

_UNDELIVERED = ("rejected", "spooled", "dropped", "pending")


def print_summary(pipeline: Pipeline | None) -> None:
    """Print what ``MUTAGENT_SUMMARY`` asks for about this whole run, its child processes included, on stderr.

    Args:
        pipeline: this process's own; None where it has none any more.
    """
    form = os.environ.get("MUTAGENT_SUMMARY", "off")
    settings = _settings(pipeline)
    if form not in ("line", "tree") or settings is None or settings.run_id is None:
        return
    left = [receipt for receipt in receipts.read(settings.home) if receipt.get("run_id") == settings.run_id]
    if not left:
        return
    if form == "tree" and settings.local and sys.stderr is not None:
        _print_trees(settings)
    say(line(left, settings))


def line(left: list[dict[str, Any]], settings: Settings) -> str:
    """One line for the receipts of one run."""
    totals = {name: sum(receipt["totals"][name] for receipt in left) for name in left[0]["totals"]}
    parts = [_count(totals["traces"], "trace"), _count(totals["spans"], "span")]
    tokens = totals["input_tokens"] + totals["output_tokens"]
    if tokens:
        parts += [f"{tokens:,} tokens", _cost(totals)]
    parts += _undelivered(left)
    return " ".join([f"{', '.join(parts)}.", *_where(left, settings)])


def _settings(pipeline: Pipeline | None) -> Settings | None:
    if pipeline is not None:
        return pipeline.settings
    from mutagent.config import resolve_quietly

    return resolve_quietly()[0]


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _cost(totals: dict[str, Any]) -> str:
    if totals["priced"]:
        return f"${totals['cost_usd']:.4f}"
    from importlib.util import find_spec

    if find_spec("genai_prices") is None:
        return "cost: pip install 'mutagent-sdk[prices]'"
    return "cost unknown"


def _undelivered(left: list[dict[str, Any]]) -> list[str]:
    sums = {name: sum(sink[name] for receipt in left for sink in receipt["sinks"]) for name in _UNDELIVERED}
    return [f"{count:,} {name}" for name, count in sums.items() if count]


def _where(left: list[dict[str, Any]], settings: Settings) -> list[str]:
    sinks = {sink["name"] for receipt in left for sink in receipt["sinks"]}
    sent = f"Sent to {settings.endpoint}." if "mutagent" in sinks else ""
    look = "Look: mutagent traces" if "local" in sinks else ""
    return [part for part in (sent, look) if part]


def _print_trees(settings: Settings) -> None:
    from mutagent.store.reader import StoreReader
    from mutagent.terminal.tree import render_trace

    reader = StoreReader(settings.home)
    for summary in reversed(reader.traces(run_id=settings.run_id)):
        trace = reader.trace(summary.trace_id)
        if trace is not None and sys.stderr is not None:
            sys.stderr.write(render_trace(trace) + "\n")
