"""``with_trace``: a call inside a span that the called function can add to."""

import asyncio

import pytest

from mutagent.testing import capture
from mutagent.tracing import SpanHandle, SpanIO, SpanMetrics, get_current_span, trace, with_trace


def fill(handle):
    handle.set_attributes({"a": 1})
    handle.set_attributes({"b": [2]})
    handle.add_event("seen", {"n": 1})
    handle.add_event("bare")
    handle.set_input(SpanIO(text="in"))
    handle.set_output(SpanIO(text="out"))
    handle.set_metrics(SpanMetrics(model="m", input_tokens=1))
    handle.set_metrics(SpanMetrics(provider="p", output_tokens=2))
    return handle.span_id, handle.trace_id


def test_everything_a_handle_takes_is_on_the_wire(captured):
    ids = with_trace("chain", fill, name="work", input=SpanIO(text="first"), attributes={"z": 0})
    (span,) = captured.spans
    assert ids == (span["spanId"], span["traceId"])
    assert {
        name: span[name] for name in ("name", "kind", "status", "input", "output", "model", "provider", "tokens")
    } == {
        "name": "work",
        "kind": "chain",
        "status": "ok",
        "input": {"text": "in"},
        "output": {"text": "out"},
        "model": "m",
        "provider": "p",
        "tokens": {"input": 1, "output": 2, "total": 3},
    }
    assert span["attributes"] == {"z": 0, "a": 1, "b": [2]}
    assert [(event["name"], event.get("attributes")) for event in span["events"]] == [
        ("seen", {"n": 1}),
        ("bare", None),
    ]


def test_without_a_name_the_span_is_called_by_its_kind(captured):
    with_trace(kind="agent", fn=lambda handle: None)
    assert captured.spans[0]["name"] == "agent"


def test_the_span_is_current_inside_and_not_after(captured):
    assert with_trace("agent", lambda handle: get_current_span().span_id == handle.span_id)
    assert get_current_span() is None


def test_a_coroutine_function_gives_an_awaitable_that_ends_the_span_when_done(captured):
    @trace
    async def step():
        await asyncio.sleep(0)

    async def work(handle):
        await step()
        assert captured.tree() == []
        return get_current_span().span_id == handle.span_id

    async def main():
        awaitable = with_trace("agent", work, name="work")
        assert get_current_span() is None
        return await awaitable

    assert asyncio.run(main()) is True
    assert captured.tree() == [["work", [["step", []]]]]


def test_an_exception_passes_and_marks_the_span_sync_and_async(captured):
    def fail(handle):
        raise KeyError("sync")

    async def fail_later(handle):
        await asyncio.sleep(0)
        raise KeyError("async")

    with pytest.raises(KeyError, match="sync"):
        with_trace("tool", fail)
    with pytest.raises(KeyError, match="async"):
        asyncio.run(with_trace("tool", fail_later))
    assert [(span["status"], span["statusMessage"]) for span in captured.spans] == [
        ("error", "'sync'"),
        ("error", "'async'"),
    ]
    assert get_current_span() is None


def test_a_coroutine_that_is_never_awaited_leaves_the_one_warning_that_python_gives(captured):
    async def work(handle):
        pass

    with pytest.warns(RuntimeWarning, match=r"coroutine '.*<locals>\.work' was never awaited") as warned:
        with_trace("tool", work)
    assert len(warned) == 1
    warned.clear()  # a recorded warning holds its coroutine
    assert captured.spans[0]["attributes"] == {"mutagent.span.outcome": "abandoned"}


def test_an_unknown_kind_is_an_error_before_the_function_runs(captured):
    with pytest.raises(ValueError, match="unknown span kind"):
        with_trace("nope", lambda handle: pytest.fail("ran"))


def test_without_tracing_the_function_gets_an_inert_handle(undecided):
    assert with_trace("agent", fill) == ("", "")

    async def work(handle):
        return fill(handle)

    assert asyncio.run(with_trace("agent", work)) == ("", "")


def test_contents_are_left_out_by_setting():
    with capture(capture_inputs=False, capture_outputs=False) as captured:
        with_trace("chain", fill, input=SpanIO(text="first"))
    assert {"input", "output"} & captured.spans[0].keys() == set()


def test_a_handle_made_by_hand_is_inert():
    handle = SpanHandle("s", "t")
    assert fill(handle) == ("s", "t")
