"""Audio: speech and transcriptions are one span each, with a placeholder for the sound."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from mutagent.capture.media import digest
from tests.integrations.openai.program import STREAMED, every_way, openai, run, seen, span_of
from tests.integrations.routes import Reply, events, serving

# What the client says of each call to an endpoint that OpenAI means to close.
pytestmark = pytest.mark.filterwarnings("ignore:deprecated")

# No UTF-8, and so no JSON.
SOUND = b"\xff\xfb\x90" * 400
SPOKEN = {"type": "audio", "size": 1200, "digest": digest(SOUND)}
SAY = {"model": "model-1", "input": "Hello.", "voice": "ash", "response_format": "mp3"}
SPEECH = span_of(
    "generate_content",
    "llm.completion",
    input={"text": "Hello."},
    output={"raw": SPOKEN},
    attributes={
        "gen_ai.output.type": "speech",
        "mutagent.request.voice": "ash",
        "mutagent.request.response_format": "mp3",
    },
)
SOUND_FILE = Reply(SOUND, "audio/mpeg")


@every_way
def test_speech_is_one_whole_span(way, captured):
    with serving({"/audio/speech": [SOUND_FILE]}) as url:
        answer = run(way, url, "audio.speech.create", lambda create: way.call(create, **SAY))
    assert answer.content == SOUND
    assert seen(captured) == [SPEECH]


@every_way
def test_a_raw_answer_of_speech_is_the_same_span(way, captured):
    async def program(create):
        response = await way.call(create, **SAY)
        return response.content

    with serving({"/audio/speech": [SOUND_FILE]}) as url:
        assert run(way, url, "audio.speech.with_raw_response.create", program) == SOUND
    assert seen(captured) == [SPEECH]


@every_way
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "left"])
def test_speech_that_is_streamed_to_a_file_tells_its_size(way, whole, captured, tmp_path):
    async def program(create):
        manager = create(**SAY)
        response = await way.enter(manager)
        if whole:
            await way.wait(response.stream_to_file(tmp_path / "hello.mp3"))
        await way.leave(manager)

    with serving({"/audio/speech": [SOUND_FILE]}) as url:
        run(way, url, "audio.speech.with_streaming_response.create", program)
    assert not whole or (tmp_path / "hello.mp3").read_bytes() == SOUND
    told = {
        "mutagent.stream.outcome": "completed" if whole else "closed",
        "mutagent.response.body_size": 1200 if whole else 0,
    }
    expected = {**SPEECH, "attributes": {**SPEECH["attributes"], **told}}
    del expected["output"]
    assert seen(captured) == [expected]


@every_way
def test_speech_that_comes_as_events_brings_its_usage(way, captured):
    usage = {"input_tokens": 3, "output_tokens": 40, "total_tokens": 43}
    reply = events(
        {"type": "speech.audio.delta", "audio": base64.b64encode(SOUND).decode()},
        {"type": "speech.audio.done", "usage": usage},
        named=None,
    )
    with serving({"/audio/speech": [reply]}) as url:
        run(
            way, url, "audio.speech.create", lambda create: way.call(create, **SAY, extra_body={"stream_format": "sse"})
        )
    (span,) = captured.spans
    assert span["tokens"] == {"input": 3, "output": 40, "total": 43}
    assert span["attributes"]["mutagent.usage.raw"] == usage


USAGE = {
    "type": "tokens",
    "input_tokens": 10,
    "output_tokens": 2,
    "total_tokens": 12,
    "input_token_details": {"audio_tokens": 9, "text_tokens": 1},
}
ENDED_EARLY = "the stream ended before the chunk that carries the usage"
COUNTS = {
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 2,
    "mutagent.usage.audio.input_tokens": 9,
    "mutagent.usage.raw": USAGE,
}
WRITE: dict[str, Any] = {
    "model": "model-1",
    "file": ("hello.mp3", SOUND, "audio/mpeg"),
    "prompt": "A greeting.",
    "language": "en",
}
HEARD = {"type": "audio", "name": "hello.mp3", "media_type": "audio/mpeg", "size": 1200, "digest": digest(SOUND)}
TRANSCRIPTION = span_of(
    "generate_content",
    "llm.completion",
    input={"messages": [{"role": "user", "content": [HEARD, {"type": "text", "text": "A greeting."}]}]},
    output={"text": "Hello."},
    tokens={"input": 10, "output": 2, "total": 12},
    attributes={"gen_ai.output.type": "text", "mutagent.request.language": "en", **COUNTS},
)


@every_way
@pytest.mark.parametrize("raw", [False, True], ids=["parsed", "raw"])
def test_a_transcription_is_one_whole_span(way, raw, captured):
    async def program(create):
        answer = await way.call(create, **WRITE)
        return await way.wait(answer.parse()) if raw else answer

    method = f"audio.transcriptions.{'with_raw_response.' if raw else ''}create"
    with serving({"/audio/transcriptions": [Reply({"text": "Hello.", "usage": USAGE})]}) as url:
        assert run(way, url, method, program).text == "Hello."
    (span,) = seen(captured)
    span["attributes"].setdefault("mutagent.request_id", "req_1")  # answers of old clients don't bring it
    assert span == TRANSCRIPTION


@every_way
@pytest.mark.parametrize("surface", ["transcriptions", "translations"])
@pytest.mark.parametrize("raw", [False, True], ids=["parsed", "raw"])
def test_plain_text_is_recorded_as_text(way, surface, raw, captured):
    async def program(create):
        return await way.call(create, model="model-1", file=("a.mp3", SOUND), response_format="text")

    method = f"audio.{surface}.{'with_raw_response.' if raw else ''}create"
    with serving({f"/audio/{surface}": [Reply(b"Good day.\n", "text/plain")]}) as url:
        answer = run(way, url, method, program)
    assert (answer.text if raw else answer) == "Good day.\n" or not isinstance(answer, str)
    (span,) = captured.spans
    assert (span["output"], span["status"]) == ({"text": "Good day.\n"}, "ok")


@every_way
def test_segments_and_seconds_are_kept(way, captured):
    answer = {
        "text": "Hello.",
        "language": "english",
        "duration": 1.5,
        "segments": [{"id": 0, "start": 0.0, "end": 1.5, "text": "Hello."}],
        "usage": {"type": "duration", "seconds": 2},
    }
    with serving({"/audio/transcriptions": [Reply(answer)]}) as url:
        run(
            way,
            url,
            "audio.transcriptions.create",
            lambda create: way.call(create, model="model-1", file=SOUND, response_format="verbose_json"),
        )
    (span,) = seen(captured)
    assert span["output"] == {"text": "Hello.", "raw": {"segments": answer["segments"]}}
    assert span["attributes"]["mutagent.usage.raw"] == answer["usage"]
    assert span["attributes"]["mutagent.response.duration"] == 1.5
    assert "input" not in span.get("tokens", {})


@pytest.mark.skipif(
    not hasattr(openai.types.audio, "TranscriptionStreamEvent"), reason=f"openai {openai.__version__} streams no text"
)
@every_way
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "left"])
def test_a_streamed_transcription_is_the_same_span(way, whole, captured):
    async def program(create):
        stream = await way.call(create, **WRITE, stream=True)
        if whole:
            return len(await way.rest(stream))
        await way.next(stream)
        await way.close(stream)
        return 1

    reply = events(
        {"type": "transcript.text.delta", "delta": "Hel"},
        {"type": "transcript.text.delta", "delta": "lo."},
        {"type": "transcript.text.done", "text": "Hello.", "usage": USAGE},
        named=None,
    )
    with serving({"/audio/transcriptions": [reply]}) as url:
        assert run(way, url, "audio.transcriptions.create", program) == (3 if whole else 1)
    streamed = {**TRANSCRIPTION, "attributes": {**TRANSCRIPTION["attributes"], **STREAMED}}
    if not whole:
        del streamed["tokens"]
        attributes = {name: value for name, value in streamed["attributes"].items() if name not in COUNTS}
        left = {"mutagent.stream.outcome": "closed", "mutagent.usage.missing": ENDED_EARLY}
        streamed.update(output={"text": "Hel"}, attributes={**attributes, **left})
    assert seen(captured) == [streamed]


@every_way
def test_a_refused_transcription_says_why(way, captured):
    refused = {"error": {"message": "Too long.", "type": "invalid_request_error", "code": "audio_too_long"}}
    with serving({"/audio/transcriptions": [Reply(refused, status=400)]}) as url, pytest.raises(openai.BadRequestError):
        run(way, url, "audio.transcriptions.create", lambda create: way.call(create, **WRITE))
    (span,) = captured.spans
    assert (span["status"], span["attributes"]["mutagent.error.code"]) == ("error", "audio_too_long")
