"""Retrieval-augmented generation: the server searches, and has a model write of each object, or of all together."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import fields_of, get, get_list, read, read_str, whole
from mutagent.capture.snapshot import Snapshot, snapshot
from mutagent.integrations.shapes import hits
from mutagent.integrations.spec import Request, Response, Usage
from mutagent.integrations.specs.weaviate import query

OPERATION = "retrieve_and_generate"
# Where model providers' metadata has counts, and their words for those.
_COUNTED = (("usage",), ("usage_metadata",), ("metadata", "token_metadata"), ("tokens",), ("billed_units",))
_INPUT = ("prompt_tokens", "input_tokens", "prompt_token_count", "input_token_count")
_OUTPUT = ("completion_tokens", "output_tokens", "candidates_token_count", "output_token_count")


def request(given: dict[str, Any], instance: Any) -> Request:
    """What is looked for, and what is to be written of it; the model where it is chosen for this call."""
    asks = query.request(given, instance)
    budget = Snapshot()
    prompts = [(name, _prompt(given.get(name))) for name in query.PROMPTS]
    messages = [
        {"role": "user", "name": name, "content": budget.take(text)} for name, text in prompts if text is not None
    ]
    if messages:
        asks.input = {**(asks.input or {}), "messages": messages}
    asks.model = read_str(given.get("generative_provider"), "model")
    collection = asks.attributes.get("gen_ai.data_source.id")
    asks.name = OPERATION if collection is None else f"{OPERATION} {collection}"
    return asks


def _prompt(value: Any) -> str | None:
    return value if type(value) is str else read_str(value, "prompt")


def response(method: str, answer: Any) -> Response:
    """The objects, each with what was written of it, and what was written of all or of each group."""
    found = hits.found(
        get_list(answer, "objects"),
        lambda one, budget: query.document(method, one, {"generated": _text(one)}, budget),
    )
    budget = Snapshot()
    groups = [(name, _text(group)) for name, group in fields_of(get(answer, "groups")).items()]
    texts = [(name, text) for name, text in (*groups, (None, _text(answer))) if text]
    if texts and found.output is not None:
        found.output["messages"] = [
            {"role": "assistant", **({} if name is None else {"name": name}), "content": budget.take(text)}
            for name, text in texts
        ]
    found.usage = _usage([_counts(one) for one in (*get_list(answer, "objects"), answer)])
    return found


def _text(value: Any) -> str | None:
    """What was written, where there is something; until 4.13 it had no object of its own."""
    text = read(get(value, "generative"), "text")
    for name in ("generated", "_GenerativeObject__generated", "_GenerativeReturn__generated"):
        text = get(value, name) if text is None else text
    return text if type(text) is str and text else None


def _counts(value: Any) -> dict[str, Any]:
    """The token counts of one answer of a model's, where the program has asked for its metadata."""
    metadata = read(get(value, "generative"), "metadata")
    if metadata is None:
        return {}
    return next((counts for path in _COUNTED if (counts := _set_in(metadata, path))), {})


def _set_in(message: Any, path: tuple[str, ...]) -> dict[str, Any]:
    """The numbers that are set in a part of a protobuf message; a count may be one itself, of tokens and characters."""
    for name in path:
        message = getattr(message, name, None)
    if message is None:
        return {}
    return {field.name: getattr(value, "total_tokens", value) for field, value in message.ListFields()}


def _usage(answers: list[dict[str, Any]]) -> Usage | None:
    """The counts of all that was written in one call."""
    told = [counts for counts in answers if counts]
    if not told:
        return None
    raw = snapshot(told[0] if len(told) == 1 else told)
    return Usage(input=_sum(told, _INPUT), output=_sum(told, _OUTPUT), raw=raw)


def _sum(answers: list[dict[str, Any]], names: tuple[str, ...]) -> int | None:
    counts = [count for answer in answers for name in names if (count := whole(answer.get(name))) is not None]
    return sum(counts) if counts else None
