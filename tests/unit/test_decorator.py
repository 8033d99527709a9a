"""``@trace``: every kind of function gives what it gives without us, and a span of what it took and gave."""

import asyncio
import functools
import inspect
import pickle
import traceback

import pytest

from mutagent import guard
from mutagent.testing import capture
from mutagent.tracing import SpanKind, get_current_span, runtime, trace


def facts(span):
    """A span without its ids and times."""
    varying = ("traceId", "spanId", "parentSpanId", "startTime", "endTime", "durationMs")
    return {name: value for name, value in span.items() if name not in varying}


# -- the shapes of decoration


@pytest.mark.parametrize(
    "decorator",
    [trace, trace(), trace("custom"), trace(kind="custom"), trace(SpanKind.CUSTOM, None), trace(kind=SpanKind.CUSTOM)],
    ids=["bare", "empty", "positional", "keyword", "member", "member by keyword"],
)
def test_with_or_without_parentheses(captured, decorator):
    @decorator
    def double(number):
        return number * 2

    assert double(4) == 8
    assert [facts(span) for span in captured.spans] == [
        {"name": "double", "kind": "custom", "status": "ok", "input": {"raw": {"number": 4}}, "output": {"raw": 8}}
    ]


def test_name_kind_and_attributes(captured):
    @trace(kind="retrieval", name="find", attributes={"index": "docs", "k": [1, 2]})
    def look_up(query):
        return []

    look_up("q")
    assert facts(captured.spans[0]) == {
        "name": "find",
        "kind": "retrieval",
        "status": "ok",
        "input": {"raw": {"query": "q"}},
        "output": {"raw": []},
        "attributes": {"index": "docs", "k": [1, 2]},
    }


def test_one_decorator_serves_several_functions(captured):
    tool = trace("tool")

    @tool
    def find(query):
        return query

    @tool
    def store(document, place):
        return place

    find("q"), store("d", "p")
    assert [(span["name"], span["input"]["raw"]) for span in captured.spans] == [
        ("find", {"query": "q"}),
        ("store", {"document": "d", "place": "p"}),
    ]


def test_what_is_recorded_is_read_on_the_open_span_too(captured):
    seen = []

    class Shop:
        @trace
        def find(self, query, *more, limit=3):
            span = get_current_span()
            seen.append((span.input, span.input, span.output))
            span.output = ("as", "a tuple")
            return "found"

    Shop().find("q", "x", limit=4)
    recorded = {"raw": {"query": "q", "more": ["x"], "limit": 4}}
    assert seen == [(recorded, recorded, None)]
    assert (captured.spans[0]["input"], captured.spans[0]["output"]) == (recorded, {"raw": "found"})


def test_an_unknown_kind_is_an_error_at_decoration():
    with pytest.raises(ValueError, match="unknown span kind 'agnet'; one of: "):
        trace(kind="agnet")


def test_the_decorated_function_keeps_its_identity_for_tools(captured):
    def original(a: int, /, b: str = "x", *rest: int, c: bool, **more: object) -> str:
        """What it does."""
        return b

    traced = trace(kind="tool")(original)
    assert (traced.__name__, traced.__doc__, traced.__module__) == ("original", "What it does.", __name__)
    assert traced.__qualname__ == original.__qualname__
    assert inspect.signature(traced) == inspect.signature(original)
    assert traced.__annotations__ == original.__annotations__
    assert traced.__wrapped__ is original


async def coroutine():
    pass


def generator():
    yield


async def async_generator():
    yield


@pytest.mark.parametrize("function", [coroutine, generator, async_generator, len])
def test_the_decorated_function_is_of_the_same_kind(function):
    traced = trace(function)
    for question in (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction):
        assert question(traced) == question(function)


@trace
def at_module_level(number):
    return number


def test_a_decorated_function_is_pickled_by_name():
    assert pickle.loads(pickle.dumps(at_module_level)) is at_module_level


# -- arguments


def test_arguments_are_recorded_by_parameter_name(captured):
    @trace
    def function(a, b=2, *rest, c=3, **more):
        return None

    function(1)
    function(1, 20, 30, 31, c=4, d=5)
    function(a=1)
    assert [span["input"] for span in captured.spans] == [
        {"raw": {"a": 1}},
        {"raw": {"a": 1, "b": 20, "rest": [30, 31], "c": 4, "d": 5}},
        {"raw": {"a": 1}},
    ]


def test_a_call_without_arguments_or_result_records_neither(captured):
    @trace
    def nothing():
        pass

    nothing()
    assert facts(captured.spans[0]) == {"name": "nothing", "kind": "custom", "status": "ok"}


def test_arguments_are_recorded_as_they_were_at_the_call(captured):
    @trace
    def append(messages):
        messages.append("new")
        return messages

    messages = ["old"]
    result = append(messages)
    result.append("later")
    assert captured.spans[0]["input"] == {"raw": {"messages": ["old"]}}
    assert captured.spans[0]["output"] == {"raw": ["old", "new"]}


@pytest.mark.parametrize(
    ("options", "present"),
    [({}, {"input", "output"}), ({"capture_input": False}, {"output"}), ({"capture_output": False}, {"input"})],
)
def test_input_and_output_can_be_left_out_by_decoration(captured, options, present):
    @trace(**options)
    def echo(value):
        return value

    echo("secret")
    assert {"input", "output"} & captured.spans[0].keys() == present


@pytest.mark.parametrize(
    ("settings", "present"), [({"capture_inputs": False}, {"output"}), ({"capture_outputs": False}, {"input"})]
)
def test_input_and_output_can_be_left_out_by_setting(settings, present):
    @trace
    def echo(value):
        return value

    with capture(**settings) as captured:
        echo("secret")
    assert {"input", "output"} & captured.spans[0].keys() == present


def test_callables_without_a_code_object_are_traced_without_arguments(captured):
    class Callable:
        def __call__(self, value):
            return value

    assert trace(Callable())(1) == 1
    assert trace(functools.partial(max, 3))(2) == 3
    assert trace(len)([1]) == 1
    assert [(span["name"], span.get("input"), span["output"]) for span in captured.spans] == [
        ("custom", None, {"raw": 1}),
        ("custom", None, {"raw": 3}),
        ("len", None, {"raw": 1}),
    ]


# -- methods


class Agent:
    @trace
    def method(self, value):
        return self, value

    @staticmethod
    @trace
    def static_outside(value):
        return value

    @trace
    @staticmethod
    def static_inside(value):
        return value

    @classmethod
    @trace
    def class_outside(cls, value):
        return cls, value

    @trace(name="class_inside")
    @classmethod
    def class_inside(cls, value):
        return cls, value

    @property
    @trace
    def size(self):
        return 7

    @trace
    async def coroutine(self, value):
        return value


def test_methods_of_every_kind_work_and_record_neither_self_nor_cls(captured):
    agent = Agent()
    assert agent.method(1) == (agent, 1)
    assert (agent.static_outside(2), Agent.static_outside(2)) == (2, 2)
    assert (agent.static_inside(3), Agent.static_inside(3)) == (3, 3)
    assert (agent.class_outside(4), Agent.class_outside(4)) == ((Agent, 4), (Agent, 4))
    assert (agent.class_inside(5), Agent.class_inside(5)) == ((Agent, 5), (Agent, 5))
    assert agent.size == 7
    assert asyncio.run(agent.coroutine(8)) == 8
    assert [(span["name"], span.get("input")) for span in captured.spans] == [
        ("method", {"raw": {"value": 1}}),
        *[("static_outside", {"raw": {"value": 2}})] * 2,
        *[("static_inside", {"raw": {"value": 3}})] * 2,
        *[("class_outside", {"raw": {"value": 4}})] * 2,
        *[("class_inside", {"raw": {"value": 5}})] * 2,
        ("size", None),
        ("coroutine", {"raw": {"value": 8}}),
    ]


# -- exceptions


class Refused(Exception):
    pass


def test_an_exception_passes_untouched_and_marks_the_span(captured):
    raised = Refused("no", 7)

    @trace
    def refuse():
        raise raised

    with pytest.raises(Refused) as caught:
        refuse()
    assert caught.value is raised
    assert (raised.__cause__, raised.__context__, getattr(raised, "__notes__", [])) == (None, None, [])
    (span,) = captured.spans
    (event,) = span.pop("events")
    assert facts(span) == {
        "name": "refuse",
        "kind": "custom",
        "status": "error",
        "statusMessage": "('no', 7)",
        "error": "('no', 7)",
        "attributes": {"error.type": f"{__name__}.Refused"},
    }
    assert event["name"] == "exception"
    assert event["attributes"]["exception.stacktrace"].splitlines()[-1] == f"{__name__}.Refused: ('no', 7)"


def frames_of(error):
    return [(frame.filename.rpartition("/")[2], frame.name) for frame in traceback.extract_tb(error.__traceback__)]


def test_a_traceback_has_our_frames_in_between_and_no_others(captured):
    @trace
    def sync():
        raise Refused

    @trace
    async def later():
        raise Refused

    @trace
    def stepwise():
        raise Refused
        yield

    found = []
    for call in (sync, lambda: asyncio.run(later()), lambda: next(stepwise())):
        try:
            call()
        except Refused as error:
            found.append(
                [frame for frame in frames_of(error) if frame[0] != "runners.py" and "base_events" not in frame[0]]
            )
    here = __file__.rpartition("/")[2]
    ours = [frame for frames in found for frame in frames if frame[0] != here]
    assert {frame[0] for frame in ours} <= {"decorator.py", "generators.py"}
    assert [frames[-1] for frames in found] == [(here, "sync"), (here, "later"), (here, "stepwise")]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_what_is_no_exception_passes_and_ends_the_span_too(captured, kind):
    @trace
    def stop():
        raise kind

    with pytest.raises(kind):
        stop()
    assert captured.spans[0]["attributes"]["error.type"].endswith(kind.__name__)
    assert get_current_span() is None


def test_recursion_to_the_limit_is_the_programs_own_error(captured):
    @trace
    def down(depth):
        return down(depth + 1)

    with pytest.raises(RecursionError):
        down(0)
    assert get_current_span() is None
    assert {span["status"] for span in captured.spans} == {"error"}
    assert captured.open_spans() == []
    assert runtime.live.tracer.open == {}
    assert set(guard.first_errors.values()) <= {"RecursionError"}
    guard.forget()


# -- async


def test_a_cancelled_coroutine_ends_its_span_with_the_cancellation(captured):
    @trace
    async def forever():
        await asyncio.Event().wait()

    async def main():
        task = asyncio.create_task(forever())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    (span,) = captured.spans
    assert (span["status"], span["attributes"]["error.type"]) == ("error", "asyncio.exceptions.CancelledError")


def test_spans_nest_across_sync_and_async_calls(captured):
    @trace
    async def inner():
        await asyncio.sleep(0)
        return leaf()

    @trace
    def leaf():
        return get_current_span().name

    @trace
    async def outer():
        return await inner(), await asyncio.gather(inner(), inner())

    assert asyncio.run(outer()) == ("leaf", ["leaf", "leaf"])
    assert captured.tree() == [["outer", [["inner", [["leaf", []]]]] * 3]]
    assert len({span["traceId"] for span in captured.spans}) == 1


# -- when tracing is off, on, and on later


def test_decorated_before_init_is_traced_after_it():
    @trace
    def early(value):
        return value

    assert early(1) == 1
    with capture() as captured:
        assert early(2) == 2
    assert early(3) == 3
    assert [span["input"] for span in captured.spans] == [{"raw": {"value": 2}}]


def test_off_means_the_function_itself_and_one_look_at_the_environment(undecided):
    looks = []
    undecided.setattr("mutagent.tracing.runtime._environment_asks", lambda: looks.append(1))

    @trace
    def function(value):
        return get_current_span(), value

    marker = object()
    assert [function(marker) for _ in range(3)] == [(None, marker)] * 3
    assert len(looks) == 1


def test_sampled_out_calls_run_as_ever_and_their_children_are_out_as_well():
    @trace
    def outer():
        return inner()

    @trace
    def inner():
        return 7

    with capture(sample_rate=0.0) as captured:
        assert outer() == 7
    assert captured.spans == []
