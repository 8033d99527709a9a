"""A finished response of the Responses API taken apart into the events that would have streamed it."""

from __future__ import annotations

from collections.abc import Iterator

from mutagent.demo.protocols.call import Event, Json
from mutagent.demo.protocols.tokens import fragments, pieces


def response_events(response: Json) -> Iterator[Event]:
    """Every event from ``response.created`` to the last, numbered."""
    for number, (name, data) in enumerate(_events(response)):
        yield name, {"type": name, "sequence_number": number, **data}


def _events(response: Json) -> Iterator[tuple[str, Json]]:
    begun = {**response, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield "response.created", {"response": begun}
    yield "response.in_progress", {"response": begun}
    for index, item in enumerate(response["output"]):
        yield "response.output_item.added", {"output_index": index, "item": _begun(item)}
        for name, data in _item_events(item):
            yield name, {"item_id": item["id"], "output_index": index, **data}
        yield "response.output_item.done", {"output_index": index, "item": item}
    yield f"response.{response['status']}", {"response": response}


def _begun(item: Json) -> Json:
    if item["type"] == "reasoning":
        return {**item, "summary": []}
    if item["type"] == "function_call":
        return {**item, "status": "in_progress", "arguments": ""}
    return {**item, "status": "in_progress", "content": []}


def _item_events(item: Json) -> Iterator[tuple[str, Json]]:
    if item["type"] == "reasoning":
        yield from _summary_events(item["summary"])
    elif item["type"] == "function_call":
        for fragment in fragments(item["arguments"]):
            yield "response.function_call_arguments.delta", {"delta": fragment}
        done = {"name": item["name"], "arguments": item["arguments"]}
        yield "response.function_call_arguments.done", done
    else:
        yield from _content_events(item["content"])


def _summary_events(summary: list[Json]) -> Iterator[tuple[str, Json]]:
    for index, part in enumerate(summary):
        at = {"summary_index": index}
        yield "response.reasoning_summary_part.added", {**at, "part": {**part, "text": ""}}
        for piece in pieces(part["text"]):
            yield "response.reasoning_summary_text.delta", {**at, "delta": piece}
        yield "response.reasoning_summary_text.done", {**at, "text": part["text"]}
        yield "response.reasoning_summary_part.done", {**at, "part": part}


def _content_events(content: list[Json]) -> Iterator[tuple[str, Json]]:
    for index, part in enumerate(content):
        key = "refusal" if part["type"] == "refusal" else "text"
        stem = "response.refusal" if key == "refusal" else "response.output_text"
        at: Json = {"content_index": index}
        extra: Json = {} if key == "refusal" else {"logprobs": []}
        yield "response.content_part.added", {**at, "part": {**part, key: ""}}
        for piece in pieces(part[key]):
            yield f"{stem}.delta", {**at, **extra, "delta": piece}
        yield f"{stem}.done", {**at, **extra, key: part[key]}
        yield "response.content_part.done", {**at, "part": part}
