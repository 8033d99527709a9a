"""OpenAI's older endpoints: ``POST /v1/completions`` and ``POST /v1/embeddings``."""

from __future__ import annotations

import base64
import math
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from mutagent.demo.protocols import openai_errors
from mutagent.demo.protocols.call import CREATED, Call, Endpoint, Event, Json
from mutagent.demo.protocols.openai_chat import DONE
from mutagent.demo.protocols.tokens import count, pieces
from mutagent.demo.script import Asked

# Real models give 1,536 and more; a demonstration needs no more than this to find the right article.
DIMENSIONS = 256


def read_completion(body: Json) -> Asked:
    """What the request asks; several prompts count as one."""
    prompt = body.get("prompt")
    text = "\n".join(prompt) if isinstance(prompt, list) and all(isinstance(p, str) for p in prompt) else str(prompt)
    return Asked(endpoint="completions", model=str(body["model"]), last=text, text=text)


def completion_body(call: Call) -> Json:
    """The whole answer."""
    return _completion(call, call.reply.text or "", _finish(call)) | {"usage": _completion_usage(call)}


def completion_events(call: Call) -> Iterator[Event]:
    """The answer as chunks."""
    wants_usage = bool((call.body.get("stream_options") or {}).get("include_usage"))
    for piece in pieces(call.reply.text or ""):
        yield None, _completion(call, piece, None)
    yield None, _completion(call, "", _finish(call))
    if wants_usage:
        yield None, _completion(call, "", None) | {"choices": [], "usage": _completion_usage(call)}
    yield DONE


def _completion(call: Call, text: str, finish: str | None) -> Json:
    choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}
    head = {"id": f"cmpl-{call.ident}", "object": "text_completion", "created": CREATED, "model": call.model}
    return head | {"choices": [choice]}


def _finish(call: Call) -> str:
    return "length" if call.reply.truncated else "stop"


def _completion_usage(call: Call) -> Json:
    prompt, completion = call.input_tokens, call.output_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def read_embedding(body: Json) -> Asked:
    """What the request asks."""
    text = "\n".join(_inputs(body))
    return Asked(endpoint="embeddings", model=str(body["model"]), last=text, text=text)


def embedding_body(call: Call) -> Json:
    """One vector for each input, as base64 of 32-bit floats or as numbers."""
    dimensions = int(call.body.get("dimensions") or DIMENSIONS)
    packed = call.body.get("encoding_format") == "base64"
    vectors = [vector(text, dimensions) for text in _inputs(call.body)]
    tokens = sum(max(1, count(text)) for text in _inputs(call.body))
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": _packed(values) if packed else values}
            for index, values in enumerate(vectors)
        ],
        "model": call.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _inputs(body: Json) -> list[str]:
    """The texts to embed; tokens, which the API takes as well, stand for themselves."""
    given: Any = body.get("input")
    if not isinstance(given, list):
        return [str(given)]
    if given and all(isinstance(item, int) for item in given):
        return [" ".join(map(str, given))]
    return [" ".join(map(str, item)) if isinstance(item, list) else str(item) for item in given]


def vector(text: str, dimensions: int) -> list[float]:
    """A unit vector in which texts that share words are near each other."""
    values = [0.0] * dimensions
    for word in re.findall(r"\w{3,}", text.lower()):
        values[zlib.crc32(word.encode()) % dimensions] += 1.0
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [value / length for value in values]


def _packed(values: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


COMPLETIONS = Endpoint(
    path="/completions",
    read=read_completion,
    body=completion_body,
    events=completion_events,
    failure=openai_errors.failure,
    error_event=openai_errors.error_event,
    request_id_header=openai_errors.REQUEST_ID_HEADER,
)
EMBEDDINGS = Endpoint(
    path="/embeddings",
    read=read_embedding,
    body=embedding_body,
    failure=openai_errors.failure,
    request_id_header=openai_errors.REQUEST_ID_HEADER,
)
