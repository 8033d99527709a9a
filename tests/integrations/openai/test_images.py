"""Images: one span a call, with placeholders for the pixels, however the answer comes."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest

from mutagent.capture.media import digest
from tests.integrations.openai.program import STREAMED, every_way, openai, run, seen, span_of
from tests.integrations.routes import Reply, events, serving

PIXELS = b"canvas" * 128
DRAWN = base64.b64encode(PIXELS).decode()
IMAGE = {"type": "image", "media_type": "image/png", "size": 768, "digest": digest(DRAWN.encode())}
USAGE = {
    "input_tokens": 5,
    "output_tokens": 20,
    "total_tokens": 25,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 5},
}
ANSWER = {"created": 1, "output_format": "png", "size": "1024x1024", "data": [{"b64_json": DRAWN}], "usage": USAGE}
PROMPT = {"messages": [{"role": "user", "content": "A capybara."}]}
TOKENS = {"input": 5, "output": 20, "total": 25}
COUNTS = {
    "gen_ai.output.type": "image",
    "gen_ai.usage.input_tokens": 5,
    "gen_ai.usage.output_tokens": 20,
    "mutagent.usage.raw": USAGE,
    "mutagent.response.output_format": "png",
    "mutagent.response.size": "1024x1024",
}
SPAN = span_of(
    "generate_content",
    "llm.completion",
    input=PROMPT,
    output={"messages": [{"role": "assistant", "content": [IMAGE]}]},
    tokens=TOKENS,
    attributes={**COUNTS, "gen_ai.request.choice.count": 1},
)
ARGUMENTS: dict[str, Any] = {"model": "model-1", "prompt": "A capybara.", "n": 1}


def with_request_id(captured: Any) -> list[dict[str, Any]]:
    """The spans, with the request's id that answers of old clients don't bring."""
    return [{**span, "attributes": {"mutagent.request_id": "req_1", **span["attributes"]}} for span in seen(captured)]


@every_way
def test_a_generated_image_is_one_whole_span(way, captured):
    with serving({"/images/generations": [Reply(ANSWER)]}) as url:
        answer = run(way, url, "images.generate", lambda create: way.call(create, **ARGUMENTS))
    assert answer.data[0].b64_json == DRAWN
    assert with_request_id(captured) == [SPAN]


@every_way
def test_an_image_that_is_to_be_fetched_keeps_its_address(way, captured):
    data = [{"url": "https://images.test/1.png", "revised_prompt": "A big capybara."}]
    with serving({"/images/generations": [Reply({"created": 1, "data": data})]}) as url:
        run(way, url, "images.generate", lambda create: way.call(create, prompt="A capybara."))
    (span,) = captured.spans
    assert span["name"] == "generate_content"
    assert span["output"]["messages"][0]["content"] == [{"type": "image", **data[0]}]


UPLOADS = {
    "bytes": (lambda path: PIXELS, {"size": 768, "digest": digest(PIXELS)}),
    "a named upload": (
        lambda path: ("cat.png", PIXELS, "image/png"),
        {"name": "cat.png", "media_type": "image/png", "size": 768, "digest": digest(PIXELS)},
    ),
    "a file in memory": (lambda path: io.BytesIO(PIXELS), {"size": 768, "digest": digest(PIXELS)}),
    "an open file": (lambda path: path.open("rb"), {"name": "cat.png", "size": 768}),
    "a path": (lambda path: path, {"name": "cat.png"}),
}


@pytest.mark.filterwarnings("ignore:deprecated")
@every_way
@pytest.mark.parametrize("upload", UPLOADS, ids=str)
@pytest.mark.parametrize("method", ["edit", "create_variation"])
def test_uploads_are_described_and_not_kept(way, method, upload, captured, tmp_path):
    path = tmp_path / "cat.png"
    path.write_bytes(PIXELS)
    make, described = UPLOADS[upload]
    arguments = {"model": "model-1", "image": make(path)}
    if method == "edit":
        arguments["prompt"] = "A hat."
    with serving({"/images/edits": [Reply(ANSWER)], "/images/variations": [Reply(ANSWER)]}) as url:
        answer = run(way, url, f"images.{method}", lambda create: way.call(create, **arguments))
    if hasattr(arguments["image"], "close"):
        arguments["image"].close()
    assert answer.data[0].b64_json == DRAWN
    said = [{"type": "text", "text": "A hat."}] if method == "edit" else []
    (span,) = captured.spans
    assert span["input"]["messages"] == [{"role": "user", "content": [*said, {"type": "image", **described}]}]
    assert not [name for name in span["attributes"] if name.startswith("mutagent.request.")]


PARTIAL = {
    "type": "image_generation.partial_image",
    "b64_json": base64.b64encode(PIXELS[:600]).decode(),
    "partial_image_index": 0,
    "output_format": "png",
    "size": "1024x1024",
}
DONE = {
    "type": "image_generation.completed",
    "b64_json": DRAWN,
    "output_format": "png",
    "size": "1024x1024",
    "usage": USAGE,
}
needs_streams = pytest.mark.skipif(
    not hasattr(openai.types, "ImageGenStreamEvent"), reason=f"openai {openai.__version__} streams no images"
)


@needs_streams
@every_way
def test_a_streamed_image_is_the_same_span(way, captured):
    async def program(create):
        return await way.rest(await way.call(create, **ARGUMENTS, stream=True))

    with serving({"/images/generations": [events(PARTIAL, DONE)]}) as url:
        assert len(run(way, url, "images.generate", program)) == 2
    attributes = {**SPAN["attributes"], **STREAMED, "mutagent.response.partial_images": 1}
    assert seen(captured) == [{**SPAN, "attributes": attributes}]


@needs_streams
@every_way
def test_a_stream_of_images_that_is_left_has_what_was_there(way, captured):
    async def program(create):
        stream = await way.call(create, **ARGUMENTS, stream=True)
        await way.next(stream)
        await way.close(stream)

    with serving({"/images/generations": [events(PARTIAL, DONE)]}) as url:
        run(way, url, "images.generate", program)
    (span,) = captured.spans
    (image,) = span["output"]["messages"][0]["content"]
    assert (image["size"], image["partial"]) == (600, True)
    assert (span["attributes"]["mutagent.stream.outcome"], "tokens" in span) == ("closed", False)


@every_way
@pytest.mark.parametrize("kind", ["with_raw_response", "with_streaming_response"])
def test_raw_access_gives_the_same_span(way, kind, captured):
    async def program(create):
        made = create(**ARGUMENTS)
        response = await (way.enter(made) if kind == "with_streaming_response" else way.wait(made))
        answer = await way.wait(response.parse())
        if kind == "with_streaming_response":
            await way.leave(made)
        return answer

    with serving({"/images/generations": [Reply(ANSWER)]}) as url:
        assert run(way, url, f"images.{kind}.generate", program).data[0].b64_json == DRAWN
    assert seen(captured) == [SPAN]


@every_way
def test_a_refused_image_says_why(way, captured):
    refused = {"error": {"message": "Not this.", "type": "image_generation_user_error", "code": "moderation_blocked"}}
    with serving({"/images/generations": [Reply(refused, status=400)]}) as url, pytest.raises(openai.BadRequestError):
        run(way, url, "images.generate", lambda create: way.call(create, **ARGUMENTS))
    (span,) = captured.spans
    assert (span["status"], span["attributes"]["mutagent.error.code"]) == ("error", "moderation_blocked")
    assert span["input"] == PROMPT
