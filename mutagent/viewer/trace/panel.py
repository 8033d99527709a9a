"""Everything about one span, in the order in which people ask."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mutagent.store.fields import mapping, text
from mutagent.terminal.text import cost, duration
from mutagent.viewer.trace.content import pretty
from mutagent.viewer.trace.conversation import Content, content_of, items
from mutagent.viewer.trace.findings import failure_text
from mutagent.viewer.trace.timeline import Row, Timeline
from mutagent.viewer.trace.usage import Part, usage_of

_PARAMETERS = ("gen_ai.request.", "mutagent.request.")
# What the panel shows in places of their own.
_SHOWN = ("gen_ai.tool.definitions", "gen_ai.system_instructions", "mutagent.usage.raw")


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong: one line, and the stack trace where there is one."""

    summary: str
    stack: str


@dataclass(frozen=True, slots=True)
class Panel:
    """What the panel shows; pairs are (name, text)."""

    row: Row
    facts: list[tuple[str, str]]
    failure: Failure | None
    input: Content
    output: Content
    parameters: list[tuple[str, str]]
    usage: list[Part]
    raw_usage: str
    instructions: str
    tools: list[tuple[str, str]]
    events: list[tuple[str, str]]
    attributes: list[tuple[str, str]]
    raw: str


def panel_of(row: Row, timeline: Timeline, results: Mapping[str, Any]) -> Panel:
    """Read the span of a row; ``results`` of tool calls, by their ids, from the whole trace."""
    span = row.node.span
    attributes = mapping(span, "attributes")
    parameters = [(name, value) for name, value in attributes.items() if _is_parameter(name)]
    rest = [
        (name, value) for name, value in attributes.items() if not name.startswith(_PARAMETERS) and name not in _SHOWN
    ]
    raw_usage, instructions = attributes.get("mutagent.usage.raw"), attributes.get("gen_ai.system_instructions")
    return Panel(
        row=row,
        facts=[(name, value) for name, value in _facts(row, timeline) if value],
        failure=_failure(row),
        input=content_of(span.get("input"), results),
        output=content_of(span.get("output"), results),
        parameters=[(_parameter(name), pretty(value)) for name, value in parameters],
        usage=usage_of(span),
        raw_usage="" if raw_usage is None else pretty(raw_usage),
        instructions="" if instructions is None else pretty(instructions),
        tools=[(_tool_name(tool), pretty(tool)) for tool in _tools(attributes.get("gen_ai.tool.definitions"))],
        events=[(text(event, "name") or "event", pretty(event)) for event in _events(span)],
        attributes=[(name, pretty(value)) for name, value in sorted(rest)],
        raw=pretty(span),
    )


def _facts(row: Row, timeline: Timeline) -> list[tuple[str, str]]:
    node = row.node
    began = (node.start_us - timeline.start_us) / 1000
    on_path = f"{duration(row.critical_ms)} · {row.time_share:.0%}" if row.critical_ms else ""
    first = node.first_token_ms
    return [
        ("duration", duration(node.duration_ms) + (" so far" if node.running else "")),
        ("began", f"+{duration(began)}"),
        ("critical path", on_path),
        ("first token", "" if first is None else duration(first)),
        ("model", node.model),
        ("provider", text(node.span, "provider")),
        ("tokens", "" if node.tokens is None else _tokens(node.input_tokens, node.output_tokens)),
        ("cost", cost(node.cost_usd)),
        ("speed", _speed(row)),
    ]


def _tokens(given: int | None, made: int | None) -> str:
    return " → ".join("?" if count is None else f"{count:,}" for count in (given, made))


def _speed(row: Row) -> str:
    """Output tokens a second, from the first one on where that is known."""
    node = row.node
    seconds = (node.duration_ms - min(node.first_token_ms or 0.0, node.duration_ms)) / 1000
    return f"{node.output_tokens / seconds:.0f} tokens/s" if node.output_tokens and seconds > 0.001 else ""


def _failure(row: Row) -> Failure | None:
    exceptions = [mapping(event, "attributes") for event in items(row.node.span, "events")]
    stack = next((found for found in (text(each, "exception.stacktrace") for each in exceptions) if found), "")
    return Failure(failure_text(row.node), stack) if row.node.failed or stack else None


def _events(span: dict[str, Any]) -> list[dict[str, Any]]:
    """Exceptions with a stack trace are shown with the failure."""
    return [event for event in items(span, "events") if not text(mapping(event, "attributes"), "exception.stacktrace")]


def _is_parameter(name: str) -> bool:
    return name.startswith(_PARAMETERS) and name != "gen_ai.request.model"


def _parameter(name: str) -> str:
    return next(name[len(start) :] for start in _PARAMETERS if name.startswith(start))


def _tools(definitions: Any) -> list[Any]:
    if isinstance(definitions, str):
        try:
            definitions = json.loads(definitions)
        except (ValueError, RecursionError):
            return [definitions]
    return definitions if isinstance(definitions, list) else [] if definitions is None else [definitions]


def _tool_name(tool: Any) -> str:
    if not isinstance(tool, dict):
        return "tool"
    return text(mapping(tool, "function"), "name") or text(tool, "name") or text(tool, "type") or "tool"
