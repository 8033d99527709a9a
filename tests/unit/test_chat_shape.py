"""Chats are read off whatever object a client, or a stand-in for one in a program's tests, gives."""

import types
from typing import Any
from unittest.mock import MagicMock

import pydantic
import pydantic.v1
import pytest

from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat, chat_chunks, message, tokens

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


@pytest.mark.parametrize("name", ["user", "assistant"])
def test_a_name_that_is_the_role_again_is_kept(name):
    asked = {"role": name, "content": "hi", "name": name}
    assert chat.message(asked, Snapshot()) == asked


class Model(pydantic.BaseModel):
    model_config = {"extra": "allow"}


class Delta(Model):
    content: Any = None
    refusal: Any = None
    role: Any = None
    tool_calls: Any = None


class Choice(Model):
    delta: Delta
    finish_reason: Any = None
    index: Any = None


class Chunk(Model):
    id: Any = None
    choices: list[Choice]
    model: Any = None
    usage: Any = None


def chunk(delta, choice=None, **fields):
    choices = [{"index": 0, "delta": delta, "finish_reason": None, **(choice or {})}]
    return {"id": "a", "model": "m", "choices": choices, **fields}


CALL = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
UNUSUAL = [
    chunk({"content": "+", "tool_calls": [CALL]}),
    chunk({"content": "+", "refusal": "no"}),
    chunk({"content": "+", "reasoning_content": "hm"}),
    chunk({"content": "+", "audio": {"id": "a", "transcript": "+"}}),
    chunk({"content": "+", "annotations": [{"type": "url_citation"}]}),
    chunk({"content": "+", "role": "assistant", "tool_calls": None, "reasoning": None}),
    chunk({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "+"}]}),
    chunk({"content": ""}),
    chunk({}),
    chunk({"content": "+"}, {"finish_reason": "stop"}),
    chunk({"content": "+"}, {"finish_reason": ""}),
    chunk({"content": "+"}, {"index": 1}),
    chunk({"content": "+"}, {"index": None}),
    chunk({"content": "+"}, usage=COUNTS),
    chunk({"content": "+"}, {"finish_reason": "stop"}, x_groq={"usage": COUNTS}),
    {"id": "a", "model": "m", "choices": [], "usage": COUNTS},
    {"id": "a", "model": "m", "choices": [*chunk({"content": "+"})["choices"], *chunk({"content": "-"})["choices"]]},
]


@pytest.mark.parametrize("unusual", UNUSUAL, ids=range(len(UNUSUAL)))
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_models_say_beside_a_text_is_read_like_what_dicts_say(unusual, place):
    usual = [chunk({"role": "assistant", "content": "one "}), chunk({"content": "two "}), chunk({"content": "three"})]
    found = []
    for made in (dict, lambda given: Chunk(**given)):
        chunks = chat_chunks.ChatChunks()
        for each in [*usual[:place], unusual, *usual[place:]]:
            chunks.feed(made(each))
        found.append(chunks.response())
    assert found[0] == found[1]
    assert "two" in str(found[0].output)


class Counts(Model):
    prompt_tokens: Any = None


class NotGiven:
    pass


class Omit(Model):
    """A library's own "not given" may be a model."""


ODD = [
    *(1 << 63, 1 << 64, -1, -(1 << 64), 1 << 5_000, 0.5, float("nan"), True),
    *("standard", "x" * 600, "data:image/png;base64," + "A" * 600, b"x", int, object(), NotGiven(), Omit()),
    *([1], {"a": [1]}, {"a": {"b": {"c": 1}}}, {1: 2}, {str(n): n for n in range(20)}),
    Counts(prompt_tokens=1, cost=0.5),
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: type(odd).__name__)
@pytest.mark.parametrize("made", [dict, lambda **fields: Counts(**fields)], ids=["dict", "model"])
def test_counts_are_what_a_snapshot_of_them_is(made, odd):
    for inner in (odd, {"cached_tokens": odd}, Counts(prompt_tokens=odd, more=odd)):
        raw = made(prompt_tokens=3, prompt_tokens_details=Counts(prompt_tokens=2), odd=inner)
        expected = {name: count for name, count in Snapshot().take(raw).items() if count is not None}
        assert repr(tokens.counts_of(raw)) == repr(expected)


def test_counts_that_were_not_sent_are_left_out():
    details = Counts(cached_tokens=0, audio_tokens=None)
    raw = Counts(prompt_tokens=3, completion_tokens=None, prompt_tokens_details=details)
    assert tokens.counts_of(raw) == {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 0}}


def test_counts_that_hold_themselves_have_an_end():
    raw = Counts(prompt_tokens=3)
    raw.__dict__["again"] = raw
    assert "circular" in str(tokens.counts_of(raw))


def test_counts_are_copies():
    raw = Counts(prompt_tokens=3, details=Counts(prompt_tokens=2))
    found = tokens.counts_of(raw)
    raw.prompt_tokens = raw.details.prompt_tokens = 9
    assert found == {"prompt_tokens": 3, "details": {"prompt_tokens": 2}}


@pytest.mark.parametrize("typed", [False, True], ids=["dicts", "objects"])
def test_every_kind_of_delta_is_folded(typed):
    def made(value):
        return Object(**{name: made(part) for name, part in value.items()}) if typed and type(value) is dict else value

    events = message.MessageEvents()
    for index, start, deltas in (
        (0, {"type": "thinking", "thinking": ""}, [{"thinking": "hm"}, {"signature": "s"}]),
        (1, {"type": "text", "text": "", "citations": None}, [{"text": "a"}, {"text": None}, {"text": "b"}]),
        (
            2,
            {"type": "tool_use", "id": "c", "name": "f", "input": {}},
            [{"partial_json": '{"a":'}, {"partial_json": "1}"}],
        ),
    ):
        events.feed({"type": "content_block_start", "index": index, "content_block": start})
        for delta in deltas:
            events.feed(made({"type": "content_block_delta", "index": index, "delta": delta}))
    events.feed(made({"type": "content_block_delta", "index": 7, "delta": {"text": "of no block"}}))
    assert events.response().output == {
        "messages": [
            {
                "role": "assistant",
                "content": [{"type": "reasoning", "text": "hm"}, {"type": "text", "text": "ab"}],
                "toolCalls": [{"id": "c", "name": "f", "arguments": {"a": 1}}],
            }
        ]
    }
