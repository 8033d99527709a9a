"""A body is the program's to read, in every way that it can be read; the span ends when it has been."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integrations.bedrock.service import Service

SAID = {"generation": "Hello " * 400, "stop_reason": "stop"}
RAW = json.dumps(SAID).encode()
COUNTS = {"x_amzn_bedrock_input_token_count": "7", "x_amzn_bedrock_output_token_count": "3"}


def into(body: Any) -> bytes:
    """Read with ``readinto``."""
    buffer, found = bytearray(700), b""
    while count := body.readinto(buffer):
        found += bytes(buffer[:count])
    return found


def raw(body: Any) -> bytes:
    """Read from what the body itself reads from, as ``with`` gives it."""
    with body as stream:
        found: bytes = stream.read()
    return found


def sized(body: Any) -> bytes:
    """Read exactly as many bytes as there are, and never ask for more."""
    return b"".join(body.read(size) for size in (1000, len(RAW) - 1000))


WAYS: dict[str, Callable[[Any], bytes]] = {
    "read": lambda body: body.read(),
    "read in pieces": lambda body: b"".join(iter(lambda: body.read(500), b"")),
    "read to the byte": sized,
    "json.load": lambda body: json.dumps(json.load(body)).encode(),
    "iterate": lambda body: b"".join(body),
    "next": lambda body: b"".join(iter(lambda: next(body, b""), b"")),
    "iter_chunks": lambda body: b"".join(body.iter_chunks(64)),
    "iter_lines": lambda body: b"\n".join(body.iter_lines()),
    "readlines": lambda body: b"".join(body.readlines()),
    "readinto": into,
    "with": raw,
    "raw stream": lambda body: b"".join(body._raw_stream.stream(256)),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_read(service: Service, captured: Any, way: str) -> None:
    """The program gets every byte, from the very class, and the span what they say."""
    from botocore.response import StreamingBody

    body = service.says(SAID, **COUNTS).client().invoke_model(modelId="m", body="{}")["body"]
    assert type(body) is StreamingBody
    assert captured.spans == []
    if way == "readinto" and not hasattr(body, way):
        body.close()
        pytest.skip("this botocore has no readinto")
    assert WAYS[way](body) == RAW
    body.close()
    (span,) = captured.spans
    assert span["output"] == {"text": SAID["generation"]}
    assert (span["tokens"], "mutagent.stream.outcome" in span["attributes"]) == (
        {"input": 7, "output": 3, "total": 10}, False)  # fmt: skip


def test_the_rest_of_the_stream_is_reached(service: Service, captured: Any) -> None:
    """What stands before it forwards all else."""
    body = service.says(SAID).client().invoke_model(modelId="m", body="{}")["body"]
    assert body.readable() is True
    body.set_socket_timeout(5)
    assert (body.tell(), body.read(10), body.tell()) == (0, RAW[:10], 10)
    assert body._raw_stream.status == 200
    body.close()


# Of the connection that a program forgets with its body.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("leave", "outcome"), [("close", "closed"), ("forget", "abandoned")])
def test_a_body_that_is_left(service: Service, captured: Any, leave: str, outcome: str) -> None:
    """Bedrock counts tokens in the headers, so that they are known all the same."""
    answer = service.says(SAID, **COUNTS).client().invoke_model(modelId="m", body="{}")
    answer["body"].read(10)
    if leave == "close":
        answer["body"].close()
    del answer
    gc.collect()
    (span,) = captured.spans
    assert (span["attributes"]["mutagent.stream.outcome"], span["status"]) == (outcome, "ok")
    assert (span["tokens"], "output" in span) == ({"input": 7, "output": 3, "total": 10}, False)


def test_an_empty_body_ends_at_once(service: Service, captured: Any) -> None:
    """Nobody reads what has no bytes."""
    service.answers.append((200, {"content-type": "application/json", "content-length": "0"}, b""))
    body = service.client().invoke_model(modelId="m", body="{}")["body"]
    assert [span["status"] for span in captured.spans] == ["ok"]
    assert body.read() == b""


def test_a_connection_that_breaks(service: Service, captured: Any) -> None:
    """The program gets botocore's error, the span what came before it."""
    from botocore.exceptions import ResponseStreamingError

    service.answers.append((200, {"content-type": "application/json"}, [RAW[:100], None]))
    body = service.client().invoke_model(modelId="m", body="{}")["body"]
    with pytest.raises(ResponseStreamingError):
        body.read()
    body.close()
    (span,) = captured.spans
    assert (span["status"], span["attributes"]["mutagent.stream.outcome"]) == ("error", "failed")


def test_answers_of_the_stubber(captured: Any) -> None:
    """Tests of programs put bodies of their own in botocore's place."""
    import io

    boto3 = pytest.importorskip("boto3")
    from botocore.response import StreamingBody
    from botocore.stub import Stubber

    client = boto3.client("bedrock-runtime", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stubber:
        for body in (StreamingBody(io.BytesIO(RAW), len(RAW)), io.BytesIO(RAW)):
            stubber.add_response("invoke_model", {"body": body, "contentType": "application/json"})
            assert client.invoke_model(modelId="m", body="{}")["body"].read() == RAW
    assert [span.get("output") for span in captured.spans] == [{"text": SAID["generation"]}, None]
    client.close()
