"""What is current: sessions and spans across awaits, tasks and threads, and traces that cross processes."""

import asyncio
import contextvars
import gc
import threading
import weakref

import pytest

from mutagent import guard
from mutagent.testing import capture
from mutagent.tracing import (
    SpanOptions,
    context,
    end_span,
    extract,
    get_current_session_id,
    get_current_span,
    get_current_trace_id,
    inject,
    run_in_span_context,
    session,
    start_span,
    trace,
)

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


@trace
def step():
    return get_current_session_id()


# -- sessions


def test_a_nested_session_inherits_what_it_does_not_set(captured):
    with session("talk", user_id="ann", tags=["a"], metadata={"plan": "free", "n": 1}):
        step()
        with session(user_id="bob", tags=["b", "a"], metadata={"plan": "pro"}):
            step()
        step()
    step()
    headers = [captured.traces[span["traceId"]] for span in captured.spans]
    assert [header.get("sessionId") for header in headers] == ["talk", "talk", "talk", None]
    assert [
        {name: header.get("metadata", {}).get(name) for name in ("user.id", "tags", "plan", "n")} for header in headers
    ] == [
        {"user.id": "ann", "tags": ["a"], "plan": "free", "n": 1},
        {"user.id": "bob", "tags": ["a", "b"], "plan": "pro", "n": 1},
        {"user.id": "ann", "tags": ["a"], "plan": "free", "n": 1},
        {"user.id": None, "tags": None, "plan": None, "n": None},
    ]


def test_a_session_is_left_when_its_block_raises():
    def block():
        with session("inner"):
            raise KeyError("x")

    with session("outer"):
        with pytest.raises(KeyError):
            block()
        assert get_current_session_id() == "outer"
    assert get_current_session_id() is None


def test_one_session_object_can_be_entered_again_and_within_itself():
    talk = session("talk")
    for _ in range(2):
        with talk, talk:
            assert get_current_session_id() == "talk"
        assert get_current_session_id() is None


def test_one_session_object_entered_by_tasks_at_once_gives_each_its_own_back():
    of_the_web = session(tags=["web"])

    async def request(user, inside, may_leave):
        with session(f"talk of {user}"):
            with of_the_web:
                inside.set()
                await may_leave.wait()
            return get_current_session_id()

    async def main():
        ann_inside, bob_inside, ann_left = asyncio.Event(), asyncio.Event(), asyncio.Event()
        ann = asyncio.create_task(request("ann", ann_inside, bob_inside))
        await ann_inside.wait()
        bob = asyncio.create_task(request("bob", bob_inside, ann_left))
        found = [await ann]
        ann_left.set()
        return [*found, await bob, get_current_session_id()]

    assert asyncio.run(main()) == ["talk of ann", "talk of bob", None]


def test_tags_given_as_one_string_are_an_error():
    with pytest.raises(ValueError, match="tags must be a list of strings, got the string 'vip'"):
        session("s", tags="vip")


def test_sessions_follow_awaits_and_tasks_and_do_not_leak_between_them():
    async def conversation(name):
        async with session(name):
            await asyncio.sleep(0)
            inside = await asyncio.create_task(asked())
            await asyncio.sleep(0)
            return inside, get_current_session_id()

    async def asked():
        return get_current_session_id()

    async def main():
        found = await asyncio.gather(*(conversation(f"s{number}") for number in range(3)))
        return found, get_current_session_id()

    assert asyncio.run(main()) == ([("s0", "s0"), ("s1", "s1"), ("s2", "s2")], None)


# -- the current span


def test_outside_any_span_nothing_is_current(captured):
    assert (get_current_span(), get_current_trace_id(), get_current_session_id()) == (None, None, None)


def test_concurrent_tasks_each_have_their_own_current_span(captured):
    @trace
    async def worker(number):
        await asyncio.sleep(0)
        child(number)
        await asyncio.sleep(0)
        child(number)

    @trace
    def child(number):
        pass

    @trace
    async def main():
        await asyncio.gather(*(worker(number) for number in range(3)))

    asyncio.run(main())
    assert captured.tree() == [["main", [["worker", [["child", []], ["child", []]]]] * 3]]


def test_a_plain_thread_starts_outside_any_span(captured):
    found = []

    @trace
    def outer():
        thread = threading.Thread(target=lambda: found.append(get_current_span()))
        thread.start()
        thread.join()

    outer()
    assert found == [None]


def test_a_span_that_has_ended_is_current_nowhere(captured):
    span = start_span(SpanOptions(kind="chain", name="early"))
    copied = contextvars.copy_context()
    end_span(span)
    assert copied.run(get_current_span) is None
    copied.run(step)
    assert captured.tree() == [["early", []], ["step", []]]


def test_where_the_current_span_has_ended_the_nearest_open_one_outside_is_current(captured):
    @trace
    def outer():
        inner = start_span(SpanOptions(kind="chain", name="inner"))
        copied = contextvars.copy_context()
        end_span(inner)
        copied.run(step)

    outer()
    assert captured.tree() == [["outer", [["inner", []], ["step", []]]]]


def test_the_context_keeps_no_span_alive_that_its_holder_dropped(captured):
    span = start_span(SpanOptions(kind="chain", name="dropped"))
    dead = weakref.ref(span)
    copied = contextvars.copy_context()
    del span
    gc.collect()
    assert dead() is None
    assert copied.run(get_current_span) is None
    step()
    assert captured.tree() == [["dropped", []], ["step", []]]
    assert captured.named("dropped")["attributes"]["mutagent.span.outcome"] == "abandoned"


@pytest.mark.parametrize("end", [lambda span: None, lambda span: contextvars.Context().run(end_span, span)])
def test_spans_that_are_not_ended_in_their_context_do_not_pile_up_in_it(captured, end):
    def start_and_end():
        span = start_span(SpanOptions(kind="chain"))
        end(span)

    def left_after(count):
        for _ in range(count):
            start_and_end()
        return context.current.get()

    assert contextvars.Context().run(left_after, 100)[1] is None


def test_run_in_span_context_makes_a_span_current_for_one_call(captured):
    span = start_span(SpanOptions(kind="agent", name="agent"))
    end_of_it = contextvars.Context()
    assert end_of_it.run(get_current_span) is None
    assert end_of_it.run(run_in_span_context, span, get_current_span) is span
    assert end_of_it.run(run_in_span_context, span, get_current_trace_id) == span.trace_id
    assert end_of_it.run(get_current_span) is None
    end_span(span)


def test_run_in_span_context_passes_results_and_exceptions(captured):
    span = start_span(SpanOptions(kind="agent"))
    assert run_in_span_context(None, lambda: 1) == 1
    with pytest.raises(ZeroDivisionError):
        run_in_span_context(span, lambda: 1 // 0)
    assert get_current_span() is span
    end_span(span)


# -- between processes


def test_inject_writes_the_current_span_and_returns_the_headers(captured):
    with start_span(SpanOptions(kind="chain", trace_id=TRACE)) as span:
        headers = {"accept": "*/*"}
        assert inject(headers) is headers
        assert headers == {"accept": "*/*", "traceparent": f"00-{TRACE}-{span.span_id}-01"}


def test_inject_without_a_span_leaves_the_headers_alone(captured):
    assert inject({}) == {}


def test_a_trace_goes_on_in_another_process(captured):
    with extract({"traceparent": TRACEPARENT}):
        assert get_current_span() is None
        step()
        assert inject({}) == {"traceparent": TRACEPARENT}
    step()
    first, second = captured.spans
    assert (first["traceId"], first["parentSpanId"]) == (TRACE, PARENT)
    assert second["traceId"] != TRACE
    assert "parentSpanId" not in second


def test_extract_after_inject_is_the_identity(captured):
    @trace
    def caller():
        return inject({})

    headers = caller()
    with extract(headers):
        step()
    assert captured.tree() == [["caller", [["step", []]]]]


@pytest.mark.parametrize(
    "headers",
    [{"Traceparent": TRACEPARENT}, {"TRACEPARENT": f" {TRACEPARENT} "}, {b"traceparent": TRACEPARENT.encode()},
     {"a": "b", "traceparent": TRACEPARENT + "-future"}],
    ids=["title case", "spaces", "bytes", "later version"],
)  # fmt: skip
def test_headers_are_read_in_any_case(captured, headers):
    with extract(headers):
        step()
    assert captured.spans[0]["traceId"] == TRACE


@pytest.mark.parametrize(
    "value",
    ["", "garbage", "00-1-2-01", f"ff-{TRACE}-{PARENT}-01", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01",
     f"00-0x{TRACE[2:]}-{PARENT}-01", f"00-{TRACE}-{PARENT}-+1", f"zz-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}",
     f"00-{TRACE.upper()}-{PARENT}-01", f"00-1_{TRACE[2:]}-{PARENT}-01"],
)  # fmt: skip
def test_a_malformed_traceparent_changes_nothing(captured, value):
    @trace
    def outer():
        with extract({"traceparent": value}):
            step()

    outer()
    assert captured.tree() == [["outer", [["step", []]]]]


@pytest.mark.parametrize("headers", [None, 7, [("traceparent", TRACEPARENT)]])
def test_headers_that_are_no_mapping_change_nothing(headers):
    with capture() as captured, extract(headers):
        step()
    guard.forget()
    assert captured.tree() == [["step", []]]


def test_a_caller_that_sampled_its_trace_out_is_obeyed(captured):
    with extract({"traceparent": f"00-{TRACE}-{PARENT}-00"}):
        assert step() is None
        assert inject({})["traceparent"].endswith("-00")
    assert captured.spans == []


def test_no_context_variable_is_left_set(captured):
    @trace
    def work():
        with session("s"), extract({"traceparent": TRACEPARENT}), start_span(SpanOptions(kind="chain")):
            step()

        return context.current.get(), context.current_session.get()

    def calling():
        work()
        return context.current.get(), context.current_session.get()

    assert contextvars.Context().run(calling) == (None, None)
