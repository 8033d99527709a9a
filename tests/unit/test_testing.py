"""``mutagent.testing.capture``: what users see of their spans in their own tests."""

import threading

import pytest

from mutagent.capture import snapshot
from mutagent.testing import capture
from mutagent.tracing import SpanOptions, end_span, flush, is_tracing_initialized, runtime, session, start_span, trace


@trace(kind="agent")
def run_agent(question):
    return [step(word) for word in question.split()]


@trace
def step(word):
    return word.upper()


def test_spans_are_captured_in_the_order_of_their_ends():
    with capture() as captured:
        run_agent("a b")
    assert [span["name"] for span in captured.spans] == ["step", "step", "run_agent"]
    assert captured.tree() == [["run_agent", [["step", []], ["step", []]]]]


def test_one_span_is_found_by_its_name_and_a_wrong_name_says_what_there_is():
    with capture() as captured:
        run_agent("a b")
    assert captured.named("run_agent")["output"] == {"raw": ["A", "B"]}
    with pytest.raises(LookupError, match=r"0 spans are named 'nope'; there are: \['step', 'step', 'run_agent'\]"):
        captured.named("nope")
    with pytest.raises(LookupError, match="2 spans are named 'step'"):
        captured.named("step")


def test_children_are_given_by_their_starts():
    with capture() as captured:
        run_agent("a b")
    root = captured.named("run_agent")
    assert captured.children(None) == [root]
    assert [child["input"]["raw"]["word"] for child in captured.children(root)] == ["a", "b"]


def test_the_traces_own_fields_are_captured():
    with capture(environment="test", service="s") as captured, session("talk"):
        run_agent("a")
    (trace_id,) = captured.traces
    header = captured.traces[trace_id]
    assert (header["environment"], header["sessionId"], header["metadata"]["service.name"]) == ("test", "talk", "s")


def test_settings_are_those_of_init_tracing_and_wrong_ones_are_errors():
    with capture(mask=lambda value, where: "***" if where == "input" else value) as captured:
        step("secret")
    assert captured.spans[0]["input"] == "***"
    with pytest.raises(ValueError, match="sample_rate must be"):
        capture(sample_rate=2)


def test_the_environment_has_no_say(monkeypatch):
    monkeypatch.setenv("MUTAGENT_CAPTURE_CONTENT", "0")
    monkeypatch.setenv("MUTAGENT_SAMPLE_RATE", "nonsense")
    with capture() as captured:
        step("x")
    assert captured.spans[0]["input"] == {"raw": {"word": "x"}}


def test_what_was_on_before_is_on_again(undecided):
    assert not is_tracing_initialized()
    with capture() as outer:
        with capture() as inner:
            step("a")
        step("b")
    step("c")
    assert not is_tracing_initialized()
    assert [len(outer.spans), len(inner.spans)] == [1, 1]


def test_it_is_left_when_the_block_raises(undecided):
    with pytest.raises(KeyError), capture():
        raise KeyError
    assert runtime.live.tracer is None


def test_a_bound_given_for_one_capture_ends_with_it():
    before = snapshot.snapshot("x" * 1000)
    with capture(max_field_bytes=10) as captured:
        step("y" * 1000)
    assert len(captured.spans[0]["input"]["raw"]["word"]) < 100
    assert snapshot.snapshot("x" * 1000) == before


def test_no_thread_is_started_and_nothing_is_pending():
    threads = threading.active_count()
    with capture():
        step("a")
        assert flush() is None
        assert threading.active_count() == threads


def test_open_spans_are_told():
    with capture() as captured:
        span = start_span(SpanOptions(kind="chain", name="open"))
        assert [item.name for item in captured.open_spans()] == ["open"]
        end_span(span)
        assert captured.open_spans() == []
