"""Anthropic's message batches: what was submitted, and what its results say, with their usage summed.

Neither span is a model call: the models work in between, and at another price. So the models are named in
``mutagent.batch.models``, and no cost is worked out.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from mutagent.capture.plain import as_list, get, get_path, read, read_path, whole
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import blocks
from mutagent.integrations.shapes.counted import Counted
from mutagent.integrations.shapes.hosts import client_of
from mutagent.integrations.spec import Request, Response, Target

# A package since 0.42, where batches left the beta.
_BATCHES = ("anthropic.resources.messages.batches",)
_BETA = ("anthropic.resources.beta.messages.batches",)
_COUNTS = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")

# By the id of the first message: the results of a batch come in the same order each time.
_counted = Counted()


def create_request(given: dict[str, Any], instance: Any) -> Request:
    """What is submitted: how many requests, of which models, and as much of them as a span holds."""
    provider, server = client_of(instance, "anthropic")
    budget = Snapshot()
    requests = as_list(given.get("requests"))
    attributes: dict[str, Any] = {}
    if requests:
        models = {model for item in requests if type(model := read_path(item, "params", "model")) is str}
        attributes = {"mutagent.batch.size": len(requests), "mutagent.batch.models": sorted(models)[:100]}
    return Request(
        provider=provider,
        input={"raw": {"requests": budget.sequence(requests) if requests else budget.take(given.get("requests"))}},
        attributes=attributes,
        server=server,
        name="batch",
    )


def create_response(answer: Any) -> Response:
    """The batch as it was accepted."""
    return Response(id=get(answer, "id"), attributes=_request_id(answer, {"mutagent.batch.id": get(answer, "id")}))


def _request_id(answer: Any, attributes: dict[str, Any]) -> dict[str, Any]:
    request_id = get(answer, "_request_id")
    return {**attributes, "mutagent.request_id": request_id} if type(request_id) is str else attributes


def results_request(given: dict[str, Any], instance: Any) -> Request:
    """Which batch's results are fetched."""
    provider, server = client_of(instance, "anthropic")
    batch = given.get("message_batch_id")
    known = type(batch) is str
    return Request(
        provider=provider,
        attributes={"mutagent.batch.id": batch} if known else {},
        server=server,
        streamed=True,
        name=f"batch results {batch}" if known else "batch results",
    )


class Results:
    """Folds the lines of a batch's results: counts all of them and keeps as many as a span holds."""

    def __init__(self) -> None:
        self.budget = Snapshot()
        self.results: list[Any] = []
        self.outcomes: Counter[str] = Counter()
        self.models: set[str] = set()
        self.tokens: Counter[str] = Counter()
        self.counts: bool | None = None

    def feed(self, line: Any) -> None:
        """Take one result."""
        result = get(line, "result")
        self.outcomes[str(get(result, "type"))] += 1
        message = get(result, "message")
        if message is not None:
            self.count(message)
        if self.budget.bytes_left > 0 and self.budget.nodes_left > 0:
            self.results.append(self.kept(line, result, message))

    def kept(self, line: Any, result: Any, message: Any) -> dict[str, Any]:
        """One result as it is recorded: its message, or why there is none."""
        plain = {"custom_id": self.budget.take(get(line, "custom_id")), "type": get(result, "type")}
        if message is not None:
            said = {"role": get(message, "role") or "assistant", "content": get(message, "content")}
            found = blocks.message(said, self.budget)
            plain["messages"] = found if type(found) is list else [found]
        elif get(result, "error") is not None:
            plain["error"] = self.budget.take(get_path(result, "error", "error") or get(result, "error"))
        return plain

    def count(self, message: Any) -> None:
        """Add one message's usage, where this is the first time that the batch's results are read."""
        if self.counts is None:
            self.counts = _counted.first(str(get(message, "id")))
        if type(read(message, "model")) is str and len(self.models) < 100:
            self.models.add(get(message, "model"))
        for name in _COUNTS:
            self.tokens[name] += whole(get_path(message, "usage", name)) or 0

    def response(self) -> Response:
        """The results so far."""
        attributes: dict[str, Any] = {f"mutagent.batch.{kind}": count for kind, count in self.outcomes.items()}
        if self.models:
            attributes["mutagent.batch.models"] = sorted(self.models)
        total = sum(self.outcomes.values())
        if total > len(self.results):
            self.results.append(f"…[{total - len(self.results)} items cut]…")
        return Response(
            output={"raw": {"results": self.results}},
            usage=blocks.usage(dict(self.tokens)) if self.tokens and self.counts else None,
            attributes=attributes,
        )


TARGETS = tuple(
    target
    for modules in (_BATCHES, _BETA)
    for cls in ("Batches", "AsyncBatches")
    for target in (
        Target(modules, f"{cls}.create", "custom", "batch", create_request, create_response),
        Target(modules, f"{cls}.results", "custom", "batch", results_request, None, Results,
               parameters=("message_batch_id",)),
    )
)  # fmt: skip
