"""What is taken of a call as bytes: data and nothing else, and only as much as may be kept."""

from __future__ import annotations

import copy
import enum
import json
import pickle
import signal
import sys
import threading
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from mutagent import guard
from mutagent.capture.plain import is_unset
from mutagent.capture.snapshot import MAX_NODES, Copied, Snapshot
from mutagent.integrations.engine import CALLS_TO_PASS, Traced
from mutagent.integrations.frozen import Frozen
from mutagent.integrations.pickled import Given, pickled
from mutagent.integrations.shapes.hosts import Address
from mutagent.integrations.shapes.request import parameters
from mutagent.integrations.spec import Integration
from mutagent.integrations.specs.openai.chat import TARGETS
from mutagent.testing import CapturedSpans, capture
from mutagent.tracing.runtime import live_tracer
from mutagent.tracing.span import MutagentSpan
from tests.unit.hostile import HostileMeta, hostile

ASKED: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello?"}], "temperature": 0.5}
ANSWER: dict[str, Any] = {
    "id": "chatcmpl-1", "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Grüße"}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
}  # fmt: skip
SAID = {"messages": [{"role": "assistant", "content": "Grüße"}]}


class OpenAI:
    """Stands for a client's class."""


class Words(str):
    """Text of a class of the program's, as NumPy's is."""


class Number(float):
    """A number of a class of the program's."""


def thawed(kept: Given | None) -> dict[str, Any]:
    """The arguments that were taken."""
    assert kept is not None
    arguments, tools = kept
    given: dict[str, Any] = pickle.loads(arguments)
    return given if tools is None else {**given, "tools": pickle.loads(tools)}


@pytest.mark.parametrize(
    "value",
    [None, True, 1, -(10**30), 0.5, float("nan"), "text", "\ud800", b"x", bytearray(b"x"), [1], (1, 2), {1: {3: {4}}}],
    ids=repr,
)
def test_data_is_taken_as_it_is(value):
    assert repr(thawed(pickled({"value": value}))) == repr({"value": value})


def test_what_holds_itself_is_taken():
    circle: dict[str, Any] = {}
    circle["inner"] = [circle]
    assert repr(thawed(pickled(circle))) == "{'inner': [{...}]}"


# Not parametrized: pytest looks at its parameters, and would run the hostile ones.
def test_an_object_is_refused_and_none_of_its_methods_is_run():
    objects = [
        memoryview(b"x"), range(3), object(), type, len, begun,
        threading.Lock(), hostile(), hostile()(), hostile(dict)(), hostile(meta=HostileMeta),
    ]  # fmt: skip
    for index in range(len(objects)):
        assert pickled({"messages": [{"content": objects[index]}]}) is None, f"the {index}th"


class Level(enum.IntEnum):
    """A program's own numbers."""

    HIGH = 3


class Name(str, enum.Enum):
    """A program's own words."""

    SMALL = "gpt-4o-mini"


def test_values_of_classes_of_their_own_are_taken_as_what_they_are():
    values = [Words("text"), Number(0.5), Level.HIGH, Name.SMALL, hostile(str)("text"), hostile(int)(7)]
    taken = thawed(pickled({"values": values}))["values"]
    assert taken == ["text", 0.5, 3, "gpt-4o-mini", "text", 7]
    assert [type(value) for value in taken] == [str, float, int, str, str, int]


class NotGiven:
    """A client library's own word for what was not given."""


class Unset(BaseModel):
    """The same, as a model."""


def test_what_is_not_given_is_taken_as_that():
    given = {"model": "gpt-4o", "stop": NotGiven(), "seed": Unset(), "messages": [{"name": NotGiven()}]}
    taken = thawed(pickled(given))
    assert parameters(taken) == {}
    assert is_unset(taken["messages"][0]["name"])


class Hashed(BaseModel):
    """A model that may stand in a set."""

    model_config = ConfigDict(frozen=True)
    value: int = 1


def test_a_model_that_may_stand_in_a_set_is_refused_and_so_is_one_that_holds_itself():
    assert pickled({"stop": {Hashed()}}) is None
    assert pickled({"stop": Hashed()}) is None
    circle = Function(name="circle")
    circle.inner.append(circle)
    assert pickled({"messages": [circle]}) is None
    twice = Function(name="twice")
    assert thawed(pickled({"messages": [twice, twice]}))["messages"] == [{"name": "twice", "inner": []}] * 2


class Function(BaseModel):
    """A model of a client library's."""

    model_config = ConfigDict(extra="allow")
    name: str
    inner: list[Any] = []


class Betraying(BaseModel):
    """A program's own model, with methods of its own."""

    value: int

    def __getstate__(self) -> Any:
        raise AssertionError

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise AssertionError

    def __iter__(self) -> Any:
        raise AssertionError


def test_models_are_taken_as_their_fields_and_none_of_their_methods_is_run():
    model = Function(name="outer", more=1, inner=[Function(name="inner"), {"deep": Betraying(value=3)}])
    inner = [{"name": "inner", "inner": []}, {"deep": {"value": 3}}]
    assert thawed(pickled({"tools": [model]})) == {"tools": [{"name": "outer", "inner": inner, "more": 1}]}
    assert pickled({"tools": [Function]}) is None


def test_what_is_nested_too_deeply_is_refused():
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert pickled({"value": deep}) is None


def test_no_tools_are_no_tools():
    for none in ([], None, "", ()):
        kept = pickled({**ASKED, "tools": none, "functions": [{"name": "f"}]})
        assert kept is not None
        assert kept[1] is None


@pytest.mark.parametrize("large", ["x" * 300_000, ["y" * 100_000, "z" * 100_000, "ü" * 50_000], list(range(100_000))],
                         ids=["text", "texts", "numbers"])  # fmt: skip
def test_more_than_may_be_kept_is_refused(large):
    assert pickled({"value": large}) is None


def test_what_is_about_the_transport_is_not_taken():
    given = {"model": "gpt-4o", "tools": [], "extra_headers": {"authorization": "Bearer x"}, "timeout": object()}
    assert thawed(pickled(given)) == {"model": "gpt-4o", "tools": []}


def refuse(times: int) -> None:
    for _ in range(times):
        pickled({"value": object()})


def test_an_alarm_of_the_programs_passes():
    class Alarm(Exception):
        pass

    def ring(number: int, frame: object) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Alarm):
            refuse(10_000_000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def begun(captured: CapturedSpans, given: Given | None = None) -> tuple[Frozen, MutagentSpan]:
    """A call under way."""
    tracer = live_tracer()
    assert tracer is not None
    traced = Traced(Integration("openai", "openai", ">=1", ()), TARGETS[0], None)
    span = tracer.start("llm.chat", "chat", None)
    kept = pickled(ASKED) if given is None else given
    assert kept is not None
    span.unread = call = Frozen(traced, tracer, kept, Address(OpenAI, "https://api.deepseek.com/v1"))
    return call, span


def test_a_call_is_read_as_far_as_it_has_come(captured):
    call, span = begun(captured)
    assert span.input == {"messages": ASKED["messages"]}
    assert (span.name, span.metrics.provider, span.output) == ("chat gpt-4o", "deepseek", None)
    span.attributes["mine"] = 1
    call.answer = (json.dumps(ANSWER).encode(), "req_1")
    call.tracer.end(span, None, "ok")
    assert (span.output, span.metrics.model, span.metrics.total_tokens) == (SAID, "gpt-4o-2024-08-06", 12)
    assert (span.attributes["mine"], span.attributes["mutagent.request_id"], span.unread) == (1, "req_1", None)


def test_what_was_noted_meanwhile_leaves_the_request_unread_and_is_kept(captured):
    call, span = begun(captured)
    span.note("mutagent.stream.outcome", "completed")
    assert (span._input, call.given is None) == (None, False)
    call.tracer.end(span, None, "ok")
    [sent] = captured.spans
    assert sent["input"] == {"messages": ASKED["messages"]}
    assert sent["attributes"]["mutagent.stream.outcome"] == "completed"
    assert sent["attributes"]["gen_ai.request.temperature"] == 0.5


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (json.dumps(ANSWER, ensure_ascii=False).encode(), SAID),
        (json.dumps(ANSWER, ensure_ascii=False).encode("utf-16"), SAID),
        (json.dumps(ANSWER, ensure_ascii=False).encode("utf-8-sig"), SAID),
        (json.dumps(ANSWER).replace("Gr\\u00fc", "Gr\\ud83d").encode(),
         {"messages": [{"role": "assistant", "content": "Gr\ufffd\u00dfe"}]}),
    ],
    ids=["utf-8", "utf-16", "with a mark", "half a character"],
)  # fmt: skip
def test_an_answer_in_any_encoding_of_json_is_read(captured, body, said):
    call, span = begun(captured)
    call.answer = (body, None)
    call.tracer.end(span, None, "ok")
    assert captured.spans[0]["output"] == said


def test_what_can_not_be_read_is_counted_and_the_rest_is_recorded(captured):
    call, span = begun(captured)
    call.answer = (b"no JSON", None)
    call.tracer.end(span, None, "ok")
    [sent] = captured.spans
    assert (sent["status"], sent["input"], "output" in sent) == ("ok", {"messages": ASKED["messages"]}, False)
    assert guard.failures == {"openai:Completions.create response": 1}
    assert call.traced.failures == 1
    guard.forget()


def test_a_request_that_can_not_be_read_does_not_cost_its_answer(captured):
    call, span = begun(captured, (b"no pickle", None))
    call.answer = (json.dumps(ANSWER).encode(), None)
    call.tracer.end(span, None, "ok")
    assert (captured.spans[0]["output"], captured.spans[0]["model"]) == (SAID, "gpt-4o-2024-08-06")
    assert guard.failures == {"openai:Completions.create request": 1}
    guard.forget()


def offering(tools: Any) -> Given:
    """A request that offers tools."""
    kept = pickled({**ASKED, "tools": tools})
    assert kept is not None
    return kept


def test_tools_are_read_once_as_long_as_they_are_the_same(captured):
    call, _ = begun(captured)
    first, second, other = ([{"name": "weather", "more": [1]}] for _ in range(3))
    other[0]["name"] = "clock"
    seen = []
    for tools in (first, second, other):
        _, span = begun(captured)
        span.unread = Frozen(call.traced, call.tracer, offering(tools), None)
        seen.append(span.attributes["gen_ai.tool.definitions"])
        call.tracer.end(span, None, "ok")
    assert seen == [first, second, other]
    # Each span has a list of its own, which a program may add to.
    assert seen[0] is not seen[1]
    assert seen[0][0] is seen[1][0]


def test_tools_are_cut_where_the_request_leaves_no_room_for_them():
    many = [{"name": f"tool {number}"} for number in range(100)]
    copied = Copied(many)
    assert copied.copy == many
    assert copied.copy is not many
    roomy, narrow = Snapshot(2_000), Snapshot(200)
    assert roomy.take(copied)[0] is copied.copy[0]
    assert (roomy.bytes_left, roomy.nodes_left) == (2_000 - copied.bytes, MAX_NODES - 1 - copied.nodes)
    assert narrow.take(copied) == Snapshot(200).take(many)


def test_a_mask_that_writes_to_tools_writes_to_those_of_one_span():
    def mask(value: Any, where: str) -> Any:
        if where == "attributes.gen_ai.tool.definitions":
            value.append("seen")
        return value

    guard.forget()
    with capture(mask=mask) as spans:
        call, _ = begun(spans)
        for _ in range(2):
            _, span = begun(spans)
            span.unread = Frozen(call.traced, call.tracer, offering([{"name": "weather"}]), None)
            call.tracer.end(span, None, "ok")
    assert [span["attributes"]["gen_ai.tool.definitions"] for span in spans.spans] == [
        [{"name": "weather"}, "seen"]
    ] * 2


def test_what_a_second_thread_sees_meanwhile_is_whole(captured):
    """Two threads look at each of many spans that have ended; the interpreter lets them take turns all the while."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    halves: list[Any] = []
    try:
        for _ in range(300):
            call, span = begun(captured)
            call.answer = (json.dumps(ANSWER).encode(), None)
            span.duration_ns = 1
            barrier = threading.Barrier(2)

            def look(span: MutagentSpan = span, barrier: threading.Barrier = barrier) -> None:
                barrier.wait()
                span.read()
                halves.append((span._input, span._output, span._metrics and span._metrics.total_tokens))

            threads = [threading.Thread(target=look) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(before)
    assert halves == [({"messages": ASKED["messages"]}, SAID, 12)] * 600


def test_what_an_alarm_interrupts_is_read_again(captured):
    class Alarm(Exception):
        pass

    call, span = begun(captured)

    def interrupted(given: Any, instance: Any) -> Any:
        def ring(number: int, frame: object) -> None:
            raise Alarm

        signal.signal(signal.SIGALRM, ring)
        signal.raise_signal(signal.SIGALRM)

    before = signal.getsignal(signal.SIGALRM)
    reading = call.traced.target.request
    call.traced.target = copy.copy(call.traced.target)
    call.traced.target.request = interrupted  # type: ignore[misc]
    try:
        with pytest.raises(Alarm):
            _ = span.attributes
    finally:
        signal.signal(signal.SIGALRM, before)
    call.traced.target.request = reading  # type: ignore[misc]
    call.answer = (json.dumps(ANSWER).encode(), None)
    call.tracer.end(span, None, "ok")
    assert (captured.spans[0]["input"], captured.spans[0]["output"]) == ({"messages": ASKED["messages"]}, SAID)


def test_a_name_that_the_program_gave_is_kept(captured):
    call, span = begun(captured)
    span.name = "mine"
    call.tracer.end(span, None, "ok")
    assert captured.spans[0]["name"] == "mine"


def test_a_program_whose_requests_are_more_than_data_is_not_tried_each_time():
    traced = Traced(Integration("openai", "openai", ">=1", ()), TARGETS[0], None)
    assert traced.pickled(ASKED) is not None
    assert traced.pickled({"value": object()}) is None
    tried = [traced.pickled(ASKED) is not None for _ in range(CALLS_TO_PASS + 2)]
    assert tried == [False] * CALLS_TO_PASS + [True, True]
