"""The same through aiobotocore: its own method, bodies and event streams."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.integrations.bedrock.frames import HELLO, exception
from tests.integrations.bedrock.service import KEYS, Service
from tests.integrations.bedrock.test_converse import ASKED, SAID, WHOLE, seen

aiobotocore_session = pytest.importorskip("aiobotocore.session")
from botocore.config import Config  # noqa: E402

# It keeps the services' descriptions, which take long to read.
_SESSION = aiobotocore_session.get_session()
BODY = {"generation": "Hello " * 400, "stop_reason": "stop"}
RAW = json.dumps(BODY).encode()


@asynccontextmanager
async def client_of(service: Service, name: str = "bedrock-runtime") -> AsyncIterator[Any]:
    """A client of aiobotocore's."""
    config = Config(retries={"max_attempts": 0})
    async with _SESSION.create_client(name, endpoint_url=service.url, config=config, **KEYS) as client:
        yield client


def run(service: Service, program: Callable[[Any], Awaitable[Any]]) -> Any:
    """Run a program with such a client."""

    async def main() -> Any:
        async with client_of(service) as client:
            return await program(client)

    return asyncio.run(main())


def test_a_whole_answer(service: Service, captured: Any) -> None:
    """The span of boto3, to the letter."""
    service.says(SAID)
    run(service, lambda client: client.converse(**ASKED))
    assert seen(captured) == [WHOLE]


def test_a_stream(service: Service, captured: Any) -> None:
    """The event stream is the very class, and gives its events."""
    service.streams(*HELLO)

    async def program(client: Any) -> tuple[Any, list[Any]]:
        stream = (await client.converse_stream(**ASKED))["stream"]
        return type(stream), [one async for one in stream]

    kind, events = run(service, program)
    assert (kind.__name__, len(events)) == ("AioEventStream", len(HELLO))
    (span,) = seen(captured)
    assert (span["output"], span["tokens"]) == (WHOLE["output"], WHOLE["tokens"])
    assert span["attributes"]["mutagent.stream.outcome"] == "completed"


@pytest.mark.parametrize(("leave", "outcome"), [("close", "closed"), ("forget", "abandoned")])
def test_a_stream_that_is_left(service: Service, captured: Any, leave: str, outcome: str) -> None:
    """What had come by then is recorded."""
    service.streams(*HELLO)

    async def program(client: Any) -> None:
        answer = await client.converse_stream(**ASKED)
        async for one in answer["stream"]:
            if "contentBlockDelta" in one:
                break
        assert captured.spans == []
        if leave == "close":
            answer["stream"].close()
        del answer
        gc.collect()
        await asyncio.sleep(0)

    run(service, program)
    (span,) = captured.spans
    assert span["attributes"]["mutagent.stream.outcome"] == outcome
    assert span["output"] == {"messages": [{"role": "assistant", "content": "Hel"}]}


def test_an_exception_in_the_midst_of_a_stream(service: Service, captured: Any) -> None:
    """botocore's own error reaches the program, and the span has its code."""
    from botocore.exceptions import EventStreamError

    service.streams(*HELLO[:2], exception("throttlingException", "Too many tokens"))

    async def program(client: Any) -> None:
        stream = (await client.converse_stream(**ASKED))["stream"]
        with pytest.raises(EventStreamError, match="Too many tokens"):
            async for _ in stream:
                pass
        stream.close()

    run(service, program)
    (span,) = captured.spans
    found = (span["status"], span["attributes"]["mutagent.error.code"])
    assert found == ("error", "throttlingException")


async def _in_pieces(body: Any) -> bytes:
    found = b""
    while piece := await body.read(500):
        found += piece
    return found


async def _entered(body: Any) -> bytes:
    async with body as entered:
        found: bytes = await entered.read()
    return found


async def _joined(pieces: Any, by: bytes = b"") -> bytes:
    return by.join([piece async for piece in pieces])


BODIES: dict[str, Callable[[Any], Awaitable[bytes]]] = {
    "read": lambda body: body.read(),
    "read in pieces": _in_pieces,
    "async with": _entered,
    "iterate": lambda body: _joined(body),
    "iter_chunks": lambda body: _joined(body.iter_chunks(64)),
    "iter_lines": lambda body: _joined(body.iter_lines(), b"\n"),
}


@pytest.mark.parametrize("way", BODIES)
def test_every_way_to_read_a_body(service: Service, captured: Any, way: str) -> None:
    """The program gets every byte, and the span what they say."""
    service.says(BODY)

    async def program(client: Any) -> bytes:
        body = (await client.invoke_model(modelId="m", body="{}"))["body"]
        assert captured.spans == []
        return await BODIES[way](body)

    assert run(service, program) == RAW
    (span,) = captured.spans
    assert span["output"] == {"text": BODY["generation"]}
    assert "mutagent.stream.outcome" not in span["attributes"]


@pytest.mark.parametrize(("leave", "outcome"), [("close", "closed"), ("forget", "abandoned")])
def test_a_body_that_is_left(service: Service, captured: Any, leave: str, outcome: str) -> None:
    """Closed or forgotten, the span ends."""
    service.says(BODY, x_amzn_bedrock_input_token_count="7")

    async def program(client: Any) -> None:
        answer = await client.invoke_model(modelId="m", body="{}")
        if leave == "close":
            answer["body"].close()
        del answer
        gc.collect()

    run(service, program)
    (span,) = captured.spans
    assert (span["attributes"]["mutagent.stream.outcome"], span["tokens"]) == (outcome, {"input": 7})


def test_a_call_that_is_cancelled(service: Service, captured: Any) -> None:
    """The span ends with it."""
    service.says(BODY)

    async def program(client: Any) -> None:
        task = asyncio.ensure_future(client.converse(**ASKED))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(service, program)
    (span,) = captured.spans
    assert (span["status"], span["attributes"]["error.type"]) == ("error", "asyncio.exceptions.CancelledError")


def test_many_at_once(service: Service, captured: Any) -> None:
    """Each call has its own span, and what it says."""
    service.says(SAID)

    async def program(client: Any) -> None:
        await asyncio.gather(*(client.converse(**ASKED) for _ in range(5)))

    run(service, program)
    assert seen(captured) == [WHOLE] * 5
