"""A generator that is watched: the program sees a generator, and does with it what it would without us."""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections import abc
from typing import Any

import pytest

from mutagent.integrations.engine import Traced
from mutagent.integrations.spec import Integration, Request, Response, Target
from mutagent.integrations.wrappers import wrapper_for
from mutagent.testing import capture


class Words:
    def __init__(self) -> None:
        self.words: list[str] = []

    def feed(self, chunk: str) -> None:
        self.words.append(chunk)

    def response(self) -> Response:
        return Response(output={"text": " ".join(self.words)})


def words() -> Any:
    try:
        got = yield "one"
        yield f"two {got}"
    except KeyError:
        yield "caught"
    return "returned"


async def async_words() -> Any:
    try:
        got = yield "one"
        yield f"two {got}"
    except KeyError:
        yield "caught"


@pytest.fixture
def captured():
    with capture() as spans:
        yield spans


def watched(function: Any) -> Any:
    return wrapper_for(traced(target()), function)()


def target(**more: Any) -> Target:
    return Target(
        ("anywhere",), "words", "llm.chat", "chat", lambda given, instance: Request(streamed=True), chunks=Words, **more
    )


def traced(target: Target) -> Traced:
    return Traced(Integration("words", "words", ">=1", (target,)), target, None)


def ended(captured: Any) -> tuple[Any, ...]:
    (span,) = captured.spans
    return span["status"], span["attributes"]["mutagent.stream.outcome"], span["output"]["text"]


KINDS = (abc.Iterator, abc.Generator, abc.AsyncIterator, abc.AsyncGenerator)
ABILITIES = ("__iter__", "__next__", "__aiter__", "__anext__", "__enter__", "__len__", "close", "aclose", "gi_frame")


@pytest.mark.parametrize("function", [words, async_words])
def test_it_can_what_the_generator_can(function, captured):
    def looks(stream: Any) -> Any:
        return (
            [kind for kind in KINDS if isinstance(stream, kind)],
            [name for name in ABILITIES if hasattr(stream, name)],
            (inspect.isgenerator(stream), inspect.isasyncgen(stream), stream.__name__, bool(stream)),
            (sorted(dir(stream)), repr(stream).partition(" at ")[0], stream == stream, len({stream, stream})),
        )

    assert looks(watched(function)) == looks(function())


def test_what_is_returned_at_the_end_arrives(captured):
    def delegating() -> Any:
        result = yield from watched(words)
        yield result

    assert list(delegating()) == ["one", "two None", "returned"]
    assert ended(captured) == ("ok", "completed", "one two None")


def test_values_are_sent(captured):
    stream = watched(words)
    assert [stream.send(None), stream.send("more")] == ["one", "two more"]
    stream.close()
    assert ended(captured) == ("ok", "closed", "one two more")


def test_exceptions_are_thrown_in(captured):
    stream = watched(words)
    next(stream)
    assert stream.throw(KeyError("theirs")) == "caught"
    with pytest.raises(ValueError, match="out"):
        stream.throw(ValueError("out"))
    assert ended(captured) == ("error", "failed", "one caught")


def test_an_async_generator_takes_values_and_exceptions(captured):
    async def program() -> Any:
        stream = watched(async_words)
        first = [await stream.asend(None), await stream.asend("more")]
        with pytest.raises(ValueError, match="out"):
            await stream.athrow(ValueError("out"))
        return first

    assert asyncio.run(program()) == ["one", "two more"]
    assert ended(captured) == ("error", "failed", "one two more")


def test_the_first_piece_is_timed_however_it_is_asked_for(captured):
    async def program() -> Any:
        stream = watched(async_words)
        await stream.asend(None)
        await stream.aclose()

    asyncio.run(program())
    stream = watched(words)
    stream.send(None)
    stream.close()
    assert ["gen_ai.response.time_to_first_chunk" in span["attributes"] for span in captured.spans] == [True, True]


@pytest.mark.parametrize("asked_usage", [False, True])
@pytest.mark.parametrize("pieces", [0, 1])
def test_a_forgotten_stream_ends_without_a_collector(pieces, asked_usage, captured):
    call = traced(target(hides=lambda chunk: False)).begin(None, {})
    assert call is not None
    call.asked_usage = asked_usage
    gc.disable()
    try:
        stream = call.settle(words())
        for _ in range(pieces):
            next(stream)
        del stream, call
        assert ended(captured)[1] == "abandoned"
    finally:
        gc.enable()


def test_an_async_generator_is_closed(captured):
    async def program() -> Any:
        stream = watched(async_words)
        first = await stream.__anext__()
        await stream.aclose()
        return first

    assert asyncio.run(program()) == "one"
    assert ended(captured) == ("ok", "closed", "one")
