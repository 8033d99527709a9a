"""Whatever a program hands to a real client: the call is as without us, none of the values' own code runs for us."""

from __future__ import annotations

import copy
import json
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mutagent import guard, tracing
from mutagent.auto import hooks
from mutagent.testing import capture
from mutagent.tracing import SpanEndOptions, SpanEvent, SpanIO, SpanOptions, trace
from tests.faults.spies import Description, Never, Notes, descriptions, made
from tests.integrations.canned import answering

anthropic = pytest.importorskip("anthropic")
openai = pytest.importorskip("openai")

# One answer that every client can read.
_ANSWER = {
    "id": "c", "object": "chat.completion", "created": 1, "model": "m", "type": "message", "role": "assistant",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "fine"}}],
    "content": [{"type": "text", "text": "fine"}], "output": [], "data": [],
}  # fmt: skip
_ASKED = [{"role": "user", "content": "Hi"}]
# The method, the arguments of an ordinary call, and the one that carries the conversation.
_CALLS: dict[str, tuple[str, dict[str, Any], str]] = {
    "chat": ("chat.completions.create", {"model": "m", "messages": _ASKED}, "messages"),
    "responses": ("responses.create", {"model": "m", "input": _ASKED}, "input"),
    "embeddings": ("embeddings.create", {"model": "m", "input": "Hi"}, "input"),
    "anthropic": ("messages.create", {"model": "m", "max_tokens": 5, "messages": _ASKED}, "messages"),
}
# Where a value goes.
_PLACES = st.sampled_from(
    ["conversation", "message", "content", "model", "tools", "metadata", "user", "system", "temperature", "stop",
     "response_format", "stream", "extra_body", "extra_headers", "unknown"]
)  # fmt: skip
_ADDRESS = re.compile(r"0x[0-9a-f]+")
# Bytes of one span: the budget of its input and output each, the escapes of JSON, and the rest of it.
_MOST_BYTES = 2 * 131_072 * 6 + 50_000


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with answering(_ANSWER) as served:
        yield served


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[Any]:
    with openai.OpenAI(base_url=url, api_key="k", max_retries=0) as made_client:
        yield made_client


@pytest.fixture(scope="module", params=_CALLS)
def call(request: pytest.FixtureRequest, client: Any, url: str) -> Iterator[Callable[[str, Any], Any]]:
    """Makes the call with a value at a place."""
    path, ordinary, conversation = _CALLS[request.param]
    with anthropic.Anthropic(base_url=url, api_key="k", max_retries=0) as other:
        asked = other if request.param == "anthropic" else client

        def make(place: str, value: Any) -> Any:
            given_values = dict(ordinary)
            if place in ("content", "message", "conversation"):
                message = [{"role": "user", "content": value}] if place == "content" else [value]
                given_values[conversation] = value if place == "conversation" else message
            else:
                given_values[place] = value
            return operator.attrgetter(path)(asked)(**given_values)

        yield make


def outcome(call: Callable[[], Any]) -> tuple[str, str]:
    """What a caller sees: the answer, or the exception's class and words."""
    try:
        answer = call()
    except (Exception, Never) as error:  # noqa: BLE001 - whatever it is, it is the caller's
        try:
            words = str(error)
        except (Exception, Never) as unspeakable:  # noqa: BLE001
            words = type(unspeakable).__name__
        return type(error).__name__, _ADDRESS.sub("0x", words)
    if hasattr(answer, "close"):
        answer.close()  # a stream: whatever is not False has it streamed
    return type(answer).__name__, getattr(answer, "object", "")


@settings(max_examples=100)
@given(place=_PLACES, description=descriptions)
@example(place="conversation", description=("many", 10_000))
@example(place="content", description=("text", 10_000_000))
@example(place="conversation", description=("spy", "never ends"))
@example(place="content", description=("cycle", "list"))
@example(place="conversation", description=("generator", None))
def test_a_call_is_what_it_is_without_us(call: Any, place: str, description: Description) -> None:
    alone: Notes = []
    without = outcome(lambda: call(place, made(description, alone)))
    guard.forget()
    noted: Notes = []
    value = made(description, noted)
    hooks.install()
    try:
        with capture() as captured:
            traced = outcome(lambda: call(place, value))
    finally:
        hooks.uninstall()
    assert (traced, noted) == (without, alone)
    assert guard.failures == {}
    assert [len(json.dumps(span)) < _MOST_BYTES for span in captured.spans] == [True] * len(captured.spans)
    assert len(captured.spans) == 1


@settings(max_examples=100)
@given(description=descriptions)
def test_recording_by_hand_runs_nothing_of_theirs(description: Description) -> None:
    notes: Notes = []
    value = made(description, notes)

    @trace(kind="tool")
    def tool(given_value: Any, *rest: Any, **named: Any) -> Any:
        return given_value

    guard.forget()
    any_value, said = {"any": value}, SpanIO(raw=value)
    with capture() as captured, tracing.session("s", metadata=any_value):
        assert tool(value, value, named=value) is value
        span = tracing.start_span(SpanOptions(kind="custom", name="by hand", input=said, attributes=any_value))
        event = SpanEvent(name="event", attributes=any_value)
        tracing.end_span(span, SpanEndOptions(output=said, attributes={"other": value}, events=[event]))
    assert notes == []
    assert guard.failures == {}
    assert [span["name"] for span in captured.spans] == ["tool", "by hand"]
    assert max(len(json.dumps(span)) for span in captured.spans) < _MOST_BYTES


def test_what_could_be_kept_is_in_the_span(client: Any) -> None:
    messages = [{"role": "system", "content": "kept"}, {"role": "user", "content": object()}]
    hooks.install()
    try:
        with capture() as captured, pytest.raises(TypeError):
            client.chat.completions.create(model="m", messages=messages)
    finally:
        hooks.uninstall()
    kept = captured.spans[0]["input"]["messages"]
    assert [message["content"] for message in kept] == ["kept", "<builtins.object>"]


def copied(way: Callable[[Any], Any], value: Any) -> str:
    """The class of a copy, or of the exception that copying raises."""
    try:
        return type(way(value)).__name__
    except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same
        return f"{type(error).__name__}: {error}"


# A deep copy of OpenAI's client fails, with or without us, and leaves something that can't be collected in peace.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda client: client.copy()], ids=["copy", "deep", "own"])
def test_a_client_is_as_copyable_as_without_us(client: Any, way: Callable[[Any], Any]) -> None:
    without = copied(way, client)
    hooks.install()
    try:
        with capture() as captured:
            assert copied(way, client) == without
            if "Error" not in without:
                answer = way(client).chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])
                assert answer.choices[0].message.content == "fine"
                assert len(captured.spans) == 1
    finally:
        hooks.uninstall()
