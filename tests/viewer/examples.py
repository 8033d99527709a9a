"""Traces as programs would have sent them, with every kind of content; times from a given start."""

from __future__ import annotations

from typing import Any

from mutagent.export.payload import iso

Json = dict[str, Any]
RUN = "5f0c2d9be1a84c17a3f1f0d2c7b86e94"
QUESTION = "My order A-1042 was due on Monday. Where is it, and can I still send it back?"
ANSWER = (
    "Your boots are on their way: the parcel is held at our depot in Leeds and should reach you on Thursday.\n\n"
    "And yes, you can send them back free of charge within 30 days of their arrival."
)
STACK = """\
Traceback (most recent call last):
  File "/app/agent.py", line 88, in title
    response = client.chat.completions.create(model="gpt-4.1", messages=messages)
  File "/app/.venv/lib/python3.12/site-packages/openai/_base_client.py", line 1870, in request
    raise self._make_status_error_from_response(err.response) from None
openai.RateLimitError: Error code: 429 - You exceeded your current quota, please check your plan and billing details."""
TOOLS = [
    {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": {argument: {"type": "string"}}}},
    }
    for name, argument in (("look_up_order", "order_id"), ("search_help", "query"))
]
ASKED = [
    {"role": "system", "content": "Collect the facts for a support answer."},
    {"role": "user", "content": QUESTION},
]
CALLS = [
    {"id": "call_1", "name": "look_up_order", "arguments": {"order_id": "A-1042"}},
    {"id": "call_2", "name": "search_help", "arguments": {"query": "send an order back"}},
]
ORDER = {"item": "hiking boots", "status": "held at the depot in Leeds", "expected": "Thursday"}
PAGES = [
    ("Returns: send an order back within 30 days of its arrival, free of charge.", 0.9134, "returns"),
    ("Sizes: boots run small, so take half a size more than usual.", 0.4117, "sizes"),
    ("Gift cards: a gift card is valid for three years.", 0.1873, "gift-cards"),
]


def agent_trace(start_ns: int, number: int = 1, *, session: str | None = "conversation-42", scale: float = 1.0) -> Json:
    """A support agent's answer: two rounds of a model with tools, a search, a failing title, a streamed answer.

    Args:
        start_ns: when it starts, in nanoseconds since the epoch.
        number: makes its ids.
        session: the session it belongs to.
        scale: how slow it is.
    """
    spans = [_span(number, place, start_ns, scale, *row) for place, row in enumerate(_rows())]
    metadata = {"service.name": "support", "mutagent.run_id": RUN, "user.id": "ada"}
    trace = {"traceId": f"{number:032x}", "source": "sdk", "startTime": iso(start_ns), "spans": spans}
    return {**trace, "environment": "dev", "metadata": metadata, **({"sessionId": session} if session else {})}


def _span(
    number: int, place: int, start_ns: int, scale: float, parent: int | None, name: str, kind: str, at: float,
    took: float, more: Json,
) -> Json:  # fmt: skip
    begin = start_ns + int(at * scale * 1e6)
    span = {"spanId": f"{number * 1000 + place:016x}", "name": name, "kind": kind, "status": "ok", **more}
    if parent is not None:
        span["parentSpanId"] = f"{number * 1000 + parent:016x}"
    end = begin + int(took * scale * 1e6)
    return {**span, "startTime": iso(begin), "endTime": iso(end), "durationMs": took * scale}


def _rows() -> list[tuple[int | None, str, str, float, float, Json]]:
    return [
        (None, "answer_customer", "agent", 0, 4870, {"input": {"text": QUESTION}, "output": {"text": ANSWER}}),
        (0, "find_facts", "chain", 3, 2390, {"input": {"raw": {"question": QUESTION}}}),
        (1, "chat gpt-5-mini", "llm.chat", 5, 1140, _planning()),
        (1, "look_up_order", "tool", 1150, 84, _tool("call_1", "look_up_order", {"order_id": "A-1042"}, ORDER)),
        (1, "search_help", "retrieval", 1236, 196, _search()),
        (4, "embeddings text-embedding-3-small", "llm.embedding", 1238, 142, _embedding()),
        (1, "chat gpt-5-mini", "llm.chat", 1440, 948, _facts()),
        (0, "title", "chain", 2400, 410, {"status": "error", "statusMessage": "429", "error": "429"}),
        (7, "chat gpt-4.1", "llm.chat", 2404, 402, _failed()),
        (0, "mood", "llm.chat", 2406, 310, _mood()),
        (0, "chat claude-sonnet-5", "llm.chat", 2825, 2030, _answer()),
    ]


def _model(model: str, provider: str, given: int, made: int, cost: float, **attributes: Any) -> Json:
    usage = {"gen_ai.usage.input_tokens": given, "gen_ai.usage.output_tokens": made}
    named = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model, "gen_ai.provider.name": provider}
    extra = {name.replace("__", "."): value for name, value in attributes.items()}
    tokens = {"input": given, "output": made, "total": given + made}
    described = {"model": model, "provider": provider, "tokens": tokens, "costUsd": cost}
    return {**described, "attributes": {**named, **usage, **extra}}


def _planning() -> Json:
    thought = {
        "type": "reasoning",
        "text": "The customer asks two things: where the order is, and whether it can go back.",
    }
    answer = {"role": "assistant", "content": [thought], "toolCalls": CALLS}
    told = _model(
        "gpt-5-mini", "openai", 1886, 250, 0.00097, gen_ai__tool__definitions=TOOLS, gen_ai__request__temperature=0.2,
        gen_ai__request__max_tokens=2000, gen_ai__usage__reasoning__output_tokens=121,
        gen_ai__usage__cache_read__input_tokens=1280,
    )  # fmt: skip
    return {"input": {"messages": ASKED}, "output": {"messages": [answer]}, **told}


def _tool(identity: str, name: str, arguments: Json, result: Any) -> Json:
    called = {"gen_ai.tool.name": name, "gen_ai.tool.call.id": identity}
    return {"input": {"raw": arguments}, "output": {"raw": result}, "attributes": called}


def _search() -> Json:
    documents = [{"content": text, "score": score, "metadata": {"page": page}} for text, score, page in PAGES]
    asked = {"gen_ai.retrieval.query.text": "send an order back", "gen_ai.tool.call.id": "call_2"}
    return {"input": {"text": "send an order back"}, "output": {"documents": documents}, "attributes": asked}


def _embedding() -> Json:
    told = _model("text-embedding-3-small", "openai", 58, 0, 0.0000012)
    del told["tokens"]["output"]
    return {"input": {"raw": ["send an order back", *(text for text, _, _ in PAGES)]}, **told}


def _facts() -> Json:
    results = [
        {"role": "assistant", "content": None, "toolCalls": CALLS},
        {
            "role": "tool",
            "content": '{"item": "hiking boots", "status": "held at the depot in Leeds"}',
            "toolCallId": "call_1",
        },
        {"role": "tool", "content": PAGES[0][0], "toolCallId": "call_2"},
    ]
    said = (
        "The boots of order A-1042 are held at the depot in Leeds and arrive on Thursday. Returns are free for 30 days."
    )
    told = _model("gpt-5-mini", "openai", 2401, 131, 0.00086, gen_ai__request__temperature=0.2)
    answer = {"role": "assistant", "content": said}
    return {"input": {"messages": [*ASKED, *results]}, "output": {"messages": [answer]}, **told}


def _failed() -> Json:
    message = "Error code: 429 - You exceeded your current quota, please check your plan and billing details."
    raised = {"exception.type": "openai.RateLimitError", "exception.message": message, "exception.stacktrace": STACK}
    attributes = {"error.type": "openai.RateLimitError", "http.response.status_code": 429}
    return {
        "status": "error",
        "statusMessage": message,
        "error": message,
        "model": "gpt-4.1",
        "provider": "openai",
        "input": {"messages": [{"role": "user", "content": f"A title of three words for: {QUESTION}"}]},
        "attributes": attributes,
        "events": [{"name": "exception", "timestamp": "2026-01-01T00:00:00.000000Z", "attributes": raised}],
    }


def _mood() -> Json:
    image = {
        "type": "image_url",
        "image_url": {"type": "media", "media_type": "image/png", "size": 48_213, "digest": "9f3c" * 8},
    }
    asked = {"role": "user", "content": [{"type": "text", "text": f"One word for the mood of: {QUESTION}"}, image]}
    told = _model("gpt-5-nano", "openai", 430, 2, 0.0000223)
    return {
        "input": {"messages": [asked]},
        "output": {"messages": [{"role": "assistant", "content": "worried"}]},
        **told,
    }


def _answer() -> Json:
    told = _model(
        "claude-sonnet-5", "anthropic", 3610, 412, 0.01701, gen_ai__request__max_tokens=1000,
        gen_ai__response__time_to_first_chunk=0.61, gen_ai__response__finish_reasons=["end_turn"],
        gen_ai__usage__cache_creation__input_tokens=2048,
    )  # fmt: skip
    asked = {"role": "user", "content": f"Facts: the boots are at the depot in Leeds.\nAnswer the customer: {QUESTION}"}
    system = {"role": "system", "content": "You are the support of a small shop. Be short and warm."}
    return {
        "input": {"messages": [system, asked]},
        "output": {"messages": [{"role": "assistant", "content": ANSWER}]},
        **told,
    }
