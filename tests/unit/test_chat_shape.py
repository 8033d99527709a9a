"""Chats are read off whatever object a client, or a stand-in for one in a program's tests, gives."""

import types
from unittest.mock import MagicMock

import pydantic.v1
import pytest

from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat, chat_chunks

COUNTS = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}


class OldDetails(pydantic.v1.BaseModel):
    cached_tokens: int


class OldUsage(pydantic.v1.BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: OldDetails


class Object:
    def __init__(self, **fields):
        self.__dict__.update(fields)


@pytest.mark.parametrize(
    ("made", "details"),
    [
        (dict, dict),
        (types.SimpleNamespace, types.SimpleNamespace),
        (Object, Object),
        (Object, dict),
        (OldUsage, OldDetails),
    ],
    ids=lambda made: made.__name__,
)
def test_counts_of_any_object_with_fields(made, details):
    found = chat.usage(made(**COUNTS, prompt_tokens_details=details(cached_tokens=5)))
    assert (found.input, found.output, found.total, found.cache_read) == (10, 4, 14, 5)
    assert found.raw == {**COUNTS, "prompt_tokens_details": {"cached_tokens": 5}}


def test_what_an_object_keeps_to_itself_is_not_recorded():
    found = chat.usage(Object(**COUNTS, _client=object(), _key="sesame"))
    assert found.raw == COUNTS
    assert not [name for name in chat.usage(MagicMock(**COUNTS)).raw if name.startswith("_")]


def test_an_answer_of_namespaces_is_read():
    said = types.SimpleNamespace(role="assistant", content="yes", tool_calls=None)
    choice = types.SimpleNamespace(index=0, finish_reason="stop", message=said)
    usage = types.SimpleNamespace(**COUNTS)
    found = chat.response(types.SimpleNamespace(id="a", model="m", choices=[choice], usage=usage))
    assert (found.id, found.model, found.finish_reasons, found.usage.input) == ("a", "m", ["stop"], 10)
    assert found.output == {"messages": [{"role": "assistant", "content": "yes"}]}


@pytest.mark.parametrize("content", ["", [], None, {}])
def test_empty_content_is_recorded_as_what_it_was(content):
    assert chat.message({"role": "user", "content": content}, Snapshot()) == {"role": "user", "content": content}


@pytest.mark.parametrize("last", [[{"index": 0, "delta": {}, "finish_reason": "stop"}], []], ids=["ended", "alone"])
def test_groqs_counts_of_a_stream_are_read_where_they_stand(last):
    chunks = chat_chunks.ChatChunks()
    chunks.feed({"id": "a", "choices": [{"index": 0, "delta": {"content": "yes"}}]})
    chunks.feed({"id": "a", "choices": last, "x_groq": {"usage": COUNTS}})
    assert chunks.response().usage.raw == COUNTS
