"""Instructor: a call is a chain around its attempts, and each attempt is a span of the client that makes it."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from mutagent.demo.provider import Reply, Rule
from mutagent.demo.script import ToolCall

instructor = pytest.importorskip("instructor")
openai = pytest.importorskip("openai")
pydantic = pytest.importorskip("pydantic")
retry_error = pytest.importorskip("instructor.exceptions").InstructorRetryException

# What it says about its own past, and about pydantic's.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

WHO = [{"role": "user", "content": "Who is it?"}]


class User(pydantic.BaseModel):
    """What the answer must fit."""

    name: str
    age: int


RIGHT = Reply(tools=(ToolCall("User", {"name": "Ada", "age": 36}),))
WRONG = Reply(tools=(ToolCall("User", {"name": "Ada", "age": "old"}),))


def shown(captured: Any) -> list[tuple[Any, ...]]:
    """Each span by its parent's name, its kind, its own name and status, in the order they began."""
    names = {span["spanId"]: span["name"] for span in captured.spans}
    spans = sorted(captured.spans, key=lambda span: span["startTime"])
    return [(names.get(span.get("parentSpanId")), span["kind"], span["name"], span["status"]) for span in spans]


def outer(captured: Any) -> Any:
    """The span of the user's call; there is one."""
    (found,) = [span for span in captured.spans if span["kind"] == "chain"]
    return found


def done(call: Any) -> Any:
    """What a call gave, sync or async; a stream is read to its end."""

    async def wait() -> Any:
        result = await call if inspect.isawaitable(call) else call
        return [part async for part in result] if hasattr(type(result), "__anext__") else result

    if inspect.isawaitable(call) or hasattr(type(call), "__anext__"):
        return asyncio.run(wait())
    return list(call) if hasattr(type(call), "__next__") else call


@pytest.fixture(params=["", "Async"], ids=["sync", "async"])
def client(request, serve):
    """Make an Instructor client of a provider that answers so."""

    def client(*replies: Reply) -> Any:
        url = serve(*(Rule(reply, times=1) for reply in replies)).openai_url
        # Nobody closes the client: a connection that it kept would be left to the collector, with a warning.
        made = getattr(openai, request.param + "OpenAI")(
            base_url=url, api_key="key-of-the-test", max_retries=0, default_headers={"Connection": "close"}
        )
        return instructor.from_openai(made)

    return client


def test_a_call_is_a_chain_with_the_validated_model(client, captured):
    found = done(client(RIGHT).chat.completions.create(model="model-1", response_model=User, messages=WHO))
    assert (found.name, found.age) == ("Ada", 36)
    assert shown(captured) == [
        (None, "chain", "instructor User", "ok"),
        ("instructor User", "llm.chat", "chat model-1", "ok"),
    ]
    span = outer(captured)
    assert span["input"] == {"messages": WHO}
    assert span["output"] == {"raw": {"name": "Ada", "age": 36}}
    assert span["attributes"]["mutagent.instructor.response_model"] == "User"
    assert span["attributes"]["mutagent.attempts"] == 1
    assert "tokens" not in span


def test_each_attempt_is_a_span(client, captured):
    call = client(WRONG, RIGHT).chat.completions.create
    assert done(call(model="model-1", response_model=User, messages=WHO, max_retries=2)).age == 36
    attempt = ("instructor User", "llm.chat", "chat model-1", "ok")
    assert shown(captured) == [(None, "chain", "instructor User", "ok"), attempt, attempt]
    assert outer(captured)["attributes"]["mutagent.attempts"] == 2


def test_attempts_that_are_used_up_are_an_error(client, captured):
    call = client(WRONG, WRONG).chat.completions.create
    with pytest.raises(retry_error):
        done(call(model="model-1", response_model=User, messages=WHO, max_retries=1))
    span = outer(captured)
    assert (span["status"], span["attributes"]["mutagent.attempts"]) == ("error", len(captured.spans) - 1)
    assert span["attributes"]["error.type"].endswith("InstructorRetryException")


def test_the_completion_beside_the_model_is_no_part_of_the_output(client, captured):
    call = client(RIGHT).chat.completions.create_with_completion
    user, completion = done(call(model="model-1", response_model=User, messages=WHO))
    assert (user.name, completion.model) == ("Ada", "model-1")
    assert [row[1] for row in shown(captured)] == ["chain", "llm.chat"]
    assert outer(captured)["output"] == {"raw": {"name": "Ada", "age": 36}}


def test_a_partial_model_is_recorded_as_it_was_in_the_end(client, captured):
    parts = done(client(RIGHT).chat.completions.create_partial(model="model-1", response_model=User, messages=WHO))
    assert parts[-1].age == 36
    assert [row[:3] for row in shown(captured)] == [
        (None, "chain", "instructor User"),
        ("instructor User", "llm.chat", "chat model-1"),
    ]
    assert outer(captured)["output"] == {"raw": {"name": "Ada", "age": 36}}


def test_a_stream_of_models_is_recorded_whole(client, captured):
    several = Reply(
        tools=(ToolCall("IterableUser", {"tasks": [{"name": "Ada", "age": 36}, {"name": "Bob", "age": 1}]}),)
    )
    call = client(several).chat.completions.create_iterable
    assert [user.name for user in done(call(model="model-1", response_model=User, messages=WHO))] == ["Ada", "Bob"]
    assert [row[1] for row in shown(captured)] == ["chain", "llm.chat"]
    assert outer(captured)["output"] == {"raw": [{"name": "Ada", "age": 36}, {"name": "Bob", "age": 1}]}
