"""OpenAI's smaller surfaces, which the stand-in provider does not serve: what the API answers, and the spans."""

from __future__ import annotations

import base64
import importlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mutagent.capture.media import digest
from tests.integrations.canned import Answers, event, events, json_answer
from tests.integrations.spans import with_attributes, without
from tests.integrations.surfaces import GENERATED, Refusal, Surface, generated_client

REFUSED = json_answer(
    {"error": {"message": "That cannot be.", "type": "invalid_request_error", "code": "broken"}},
    400,
    x_request_id="req_1",
)
FAILED = event({"error": {"message": "Overloaded", "type": "overloaded_error", "code": "overloaded"}})


def _span(operation: str, kind: str, **fields: Any) -> dict[str, Any]:
    attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "model-1",
        "mutagent.request_id": "req_1",
        "server.address": "127.0.0.1",
        "server.port": "<port>",
    }
    head = {"name": f"{operation} model-1", "kind": kind, "status": "ok", "model": "model-1", "provider": "openai"}
    return {**head, **fields, "attributes": {**attributes, **fields["attributes"]}}


def _tells(module: str, name: str) -> bool:
    return hasattr(importlib.import_module(module), name)


def _here(span: dict[str, Any]) -> dict[str, Any]:
    """Before 1.45 whole answers did not tell the request's id."""
    from_headers = "mutagent.stream.outcome" in span["attributes"]
    return span if from_headers or _tells("openai._models", "add_request_id") else without(span, "mutagent.request_id")


def _surface(name: str, method: str, cls: str, **more: Any) -> Surface:
    return Surface(
        integration="openai",
        name=name,
        library="openai",
        client=generated_client("openai", "OpenAI", "/v1"),
        method=method,
        stands=(f"openai.resources.{method.rpartition('.')[0]}:{{Async}}{cls}",),
        refusal=Refusal(
            "openai.BadRequestError",
            {
                "http.response.status_code": 400,
                "mutagent.error.code": "broken",
                "mutagent.error.type": "invalid_request_error",
                "mutagent.request_id": "req_1",
            },
        ),
        broken=("openai.APIConnectionError",),
        here=_here,
        **GENERATED,
        **more,
    )


IMAGE = base64.b64encode(b"canvas" * 128).decode()
DRAWN = {"type": "image", "media_type": "image/png", "size": 768, "digest": digest(IMAGE.encode())}
IMAGE_USAGE = {
    "input_tokens": 5,
    "output_tokens": 20,
    "total_tokens": 25,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 5},
}
TOLD = {"output_format": "png", "size": "1024x1024"}
PARTIAL = {"type": "image_generation.partial_image", "partial_image_index": 0, "b64_json": IMAGE, **TOLD}
DONE = {"type": "image_generation.completed", "b64_json": IMAGE, "usage": IMAGE_USAGE, **TOLD}
IMAGES_SPAN = _span(
    "generate_content",
    "llm.completion",
    input={"messages": [{"role": "user", "content": "A capybara."}]},
    output={"messages": [{"role": "assistant", "content": [DRAWN]}]},
    tokens={"input": 5, "output": 20, "total": 25},
    attributes={
        "gen_ai.output.type": "image",
        "gen_ai.request.choice.count": 1,
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 20,
        "mutagent.usage.raw": IMAGE_USAGE,
        "mutagent.response.output_format": "png",
        "mutagent.response.size": "1024x1024",
    },
)
IMAGES_STREAM_SPAN = with_attributes(
    IMAGES_SPAN,
    gen_ai__request__stream=True,
    gen_ai__response__time_to_first_chunk="<seconds>",
    mutagent__response__partial_images=3,
    mutagent__stream__outcome="completed",
)
LEFT = with_attributes(
    without(
        {
            **IMAGES_STREAM_SPAN,
            "output": {"messages": [{"role": "assistant", "content": [{**DRAWN, "partial": True}]}]},
        },
        "tokens",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "mutagent.usage.raw",
    ),
    mutagent__response__partial_images=2,
)
IMAGES_STREAM: dict[str, Any] = {"streaming": {"stream": True}, "streamed": IMAGES_STREAM_SPAN, "left": LEFT}


def _streams_images() -> bool:
    """Whether the installed client does, found out without importing it; 1.98 was the first."""
    found = find_spec("openai")
    return found is not None and (Path(str(found.origin)).parent / "types" / "image_gen_stream_event.py").exists()


IMAGES = _surface(
    "images",
    "images.generate",
    "Images.generate",
    arguments={"model": "model-1", "prompt": "A capybara.", "n": 1},
    serve=Answers(
        refused=REFUSED,
        whole=json_answer(
            {"created": 1, "data": [{"b64_json": IMAGE}], "usage": IMAGE_USAGE, **TOLD}, x_request_id="req_1"
        ),
        stream=events(PARTIAL, PARTIAL, PARTIAL, DONE, x_request_id="req_1"),
        failed=FAILED,
    ),
    whole=IMAGES_SPAN,
    **(IMAGES_STREAM if _streams_images() else {}),
)
MODERATIONS = _surface(
    "moderations",
    "moderations.create",
    "Moderations.create",
    arguments={"model": "model-1", "input": "I will."},
    serve=Answers(
        refused=REFUSED,
        whole=json_answer(
            {
                "id": "modr-1",
                "model": "model-1",
                "results": [
                    {"flagged": True, "categories": {"violence": True}, "category_scores": {"violence": 0.9}},
                ],
            },
            x_request_id="req_1",
        ),
    ),
    whole=_span(
        "moderation",
        "guardrail",
        input={"text": "I will."},
        output={"raw": {"results": [{"flagged": True, "categories": ["violence"], "scores": {"violence": 0.9}}]}},
        attributes={
            "gen_ai.response.id": "modr-1",
            "gen_ai.response.model": "model-1",
            "mutagent.guardrail.flagged": True,
        },
    ),
    of_answer=("mutagent.guardrail.flagged",),
)
SOUND = b"\xff\xfb\x90" * 200
AUDIO_USAGE = {
    "type": "tokens",
    "input_tokens": 10,
    "output_tokens": 2,
    "total_tokens": 12,
    "input_token_details": {"audio_tokens": 9, "text_tokens": 1},
}
TRANSCRIPTIONS = _surface(
    "transcriptions",
    "audio.transcriptions.create",
    "Transcriptions.create",
    arguments={"model": "model-1", "file": ("hello.mp3", SOUND, "audio/mpeg"), "language": "en"},
    serve=Answers(refused=REFUSED, whole=json_answer({"text": "Hello.", "usage": AUDIO_USAGE}, x_request_id="req_1")),
    whole=_span(
        "generate_content",
        "llm.completion",
        input={
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "audio",
                            "name": "hello.mp3",
                            "media_type": "audio/mpeg",
                            "size": 600,
                            "digest": digest(SOUND),
                        }
                    ],
                }
            ]
        },
        output={"text": "Hello."},
        tokens={"input": 10, "output": 2, "total": 12},
        attributes={
            "gen_ai.output.type": "text",
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 2,
            "mutagent.request.language": "en",
            "mutagent.usage.audio.input_tokens": 9,
            "mutagent.usage.raw": AUDIO_USAGE,
        },
    ),
)
SURFACES = (IMAGES, MODERATIONS, TRANSCRIPTIONS)
