"""What all of Bedrock's operations have in common: the client, the answer's metadata, errors, token counts, names."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from mutagent.capture.plain import get, get_path, instance_dict, is_exactly, read_path, whole
from mutagent.capture.snapshot import Snapshot, snapshot
from mutagent.integrations.shapes.errors import plain_facts
from mutagent.integrations.spec import Request, Response, Usage

# Each vendor's word for a parameter → the common one.
_PARAMETERS = {
    "maxTokens": "max_tokens",
    "maxTokenCount": "max_tokens",
    "max_gen_len": "max_tokens",
    "topP": "top_p",
    "p": "top_p",
    "topK": "top_k",
    "k": "top_k",
    "stopSequences": "stop_sequences",
    "numResults": "n",
    "embeddingDimension": "dimensions",
    "embeddingTypes": "encoding_format",
}
_INPUT = ("inputTokens", "inputTokenCount", "inputTextTokenCount", "prompt_token_count")
_OUTPUT = ("outputTokens", "outputTokenCount", "totalOutputTextTokenCount", "generation_token_count")
_CACHE_READ = ("cacheReadInputTokens", "cacheReadInputTokenCount")
_CACHE_WRITE = ("cacheWriteInputTokens", "cacheWriteInputTokenCount")
TRACE_BYTES = 16_384
# Headers of InvokeModel's answer → the names by which a stream's last chunk says the same.
_COUNT_HEADERS = {
    "x-amzn-bedrock-input-token-count": "inputTokenCount",
    "x-amzn-bedrock-output-token-count": "outputTokenCount",
    "x-amzn-bedrock-cache-read-input-token-count": "cacheReadInputTokenCount",
    "x-amzn-bedrock-cache-write-input-token-count": "cacheWriteInputTokenCount",
}


def addressed(request: Request, client: Any, model: Any = None) -> Request:
    """The same request, with where this client sends it.

    Args:
        request: what is asked for.
        client: botocore's client.
        model: the model's id, ARN or inference profile, as it was asked for.
    """
    request.provider, request.server = "aws.bedrock", client.meta.endpoint_url
    request.model = model if type(model) is str else None
    return request


def streamed(
    read_request: Callable[[dict[str, Any], Any], Request],
) -> Callable[[dict[str, Any], Any], Request]:
    """A request function for the same request with its answer as a stream."""

    def request(given: dict[str, Any], client: Any) -> Request:
        found = read_request(given, client)
        found.streamed = found.parameters["stream"] = True
        return found

    return request


def parameters(*groups: Any) -> dict[str, Any]:
    """Request parameters by their common names; what is no dict says nothing."""
    return {
        _PARAMETERS.get(name) or name: value
        for group in groups
        if type(group) is dict
        for name, value in list(group.items())
        if value is not None
    }


def named(**attributes: Any) -> dict[str, Any]:
    """Attributes that are strings, by name with ``__`` for a dot."""
    return {name.replace("__", "."): value for name, value in attributes.items() if type(value) is str}


def metadata(answer: Any) -> dict[str, Any]:
    """The request's id."""
    return named(mutagent__request_id=get_path(answer, "ResponseMetadata", "RequestId"))


def header_usage(answer: Any) -> Usage | None:
    """The token counts that stand in the headers of InvokeModel's answer."""
    headers = get_path(answer, "ResponseMetadata", "HTTPHeaders")
    said = {name: get(headers, header) or "" for header, name in _COUNT_HEADERS.items()}
    return usage({name: int(count) for name, count in said.items() if count.isdigit()})


def usage(raw: Any) -> Usage | None:
    """Token counts; input tokens exclude both cache parts here, so they are added."""
    fresh, output, read, written = (_first(raw, names) for names in (_INPUT, _OUTPUT, _CACHE_READ, _CACHE_WRITE))
    if fresh is None and output is None:
        return None
    return Usage(
        input=None if fresh is None else fresh + (read or 0) + (written or 0),
        output=output,
        total=whole(get(raw, "totalTokens")),
        cache_read=read,
        cache_creation=written,
        raw=snapshot(raw),
    )


def _first(raw: Any, names: tuple[str, ...]) -> int | None:
    return next((count for name in names if (count := whole(get(raw, name))) is not None), None)


def text_output(text: str, **more: Any) -> dict[str, Any] | None:
    """A text as an output object, with what else was given; None where there is nothing."""
    return {**({"text": text} if text else {}), **{name: value for name, value in more.items() if value}} or None


def with_trace(output: dict[str, Any] | None, trace: Any) -> dict[str, Any] | None:
    """An output object with what a guardrail, a router or an agent tells of its work: texts stand in it."""
    if not trace:
        return output
    return {**(output or {}), "raw": {"trace": Snapshot(TRACE_BYTES).take(trace)}}


def json_of(data: Any) -> Any:
    """What JSON text or bytes hold; None for anything else, a file for one, which is the program's to read."""
    if not is_exactly(data, bytes, str, bytearray):
        return None
    try:
        return json.loads(data)
    except ValueError:
        return None


def nothing_but_metadata(answer: Any) -> Response:
    """For answers of which nothing else can be read."""
    return Response(attributes=metadata(answer))


def error(raised: BaseException) -> dict[str, Any]:
    """What botocore's ClientError says: HTTP status, Bedrock's code, request id."""
    response = (instance_dict(raised) or {}).get("response")
    return plain_facts(
        {
            "http.response.status_code": read_path(response, "ResponseMetadata", "HTTPStatusCode"),
            "mutagent.error.code": read_path(response, "Error", "Code"),
            "mutagent.request_id": read_path(response, "ResponseMetadata", "RequestId"),
        }
    )
