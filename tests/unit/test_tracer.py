"""The tracer: parents, sampling, the registry of open spans, clocks, forks."""

import pytest

from mutagent.config import resolve
from mutagent.testing import capture
from mutagent.tracing import SpanOptions, end_span, get_current_span, inject, runtime, start_span, trace
from mutagent.tracing.tracer import Reader, Sink, Tracer

LOW_56 = (1 << 56) - 1


class Recorder(Sink):
    """A sink that remembers what it was told."""

    def __init__(self):
        self.told = []
        self.reader = Reader(wants_starts=True)

    def started(self, span):
        self.told.append(("started", span.name))

    def ended(self, span):
        self.told.append(("ended", span.name))


@pytest.fixture
def tracer():
    return Tracer(resolve({"local": True}, {}), Recorder())


def test_a_sink_is_told_of_each_start_and_end_once(tracer):
    outer = tracer.start("chain", "outer", None)
    inner = tracer.start("tool", "inner", outer)
    assert [span.name for span in tracer.open_spans()] == ["outer", "inner"]
    tracer.end(inner)
    tracer.end(inner)
    tracer.fail(outer, KeyError("x"))
    tracer.fail(outer, KeyError("y"))
    assert tracer.sink.told == [("started", "outer"), ("started", "inner"), ("ended", "inner"), ("ended", "outer")]
    assert (tracer.open_spans(), outer.status_message) == ([], "'x'")


def test_a_child_has_its_parents_trace_and_a_root_its_own(tracer):
    root, other = tracer.start("chain", "root", None), tracer.start("chain", "other", None)
    child = tracer.start("chain", "child", root)
    assert (child.trace_id, child.parent_span_id) == (root.trace_id, root.span_id)
    assert (root.parent_span_id, other.trace_id != root.trace_id) == (None, True)


def test_an_ended_span_is_no_parent(tracer):
    root = tracer.start("chain", "root", None)
    ended = tracer.start("chain", "ended", root)
    tracer.end(ended)
    assert tracer.start("chain", "late", ended).parent_span_id == root.span_id
    tracer.end(root)
    assert tracer.start("chain", "later", ended).parent_span_id is None


def test_the_end_is_the_start_plus_a_monotonic_duration(monkeypatch, tracer):
    walls, ticks = iter([1_700_000_000_000_000_000, 1_600_000_000_000_000_000]), iter([100, 5_000_100])
    monkeypatch.setattr("mutagent.tracing.tracer.time_ns", lambda: next(walls))
    monkeypatch.setattr("mutagent.tracing.tracer.perf_counter_ns", lambda: next(ticks))
    span = tracer.start("chain", "stepped clock", None)
    tracer.end(span)
    assert (span.started_at.isoformat(), span.duration_ns) == ("2023-11-14T22:13:20+00:00", 5_000_000)


def test_forgotten_open_spans_of_a_parent_process_stay_parents_and_are_not_sent(tracer):
    inherited = tracer.start("chain", "inherited", None)
    tracer.sink.told.clear()
    tracer.forget_open_spans()
    child = tracer.start("chain", "child", inherited)
    tracer.end(child)
    tracer.end(inherited)
    assert tracer.sink.told == [("started", "child"), ("ended", "child")]
    assert (child.parent_span_id, tracer.unsampled) == (inherited.span_id, 0)


# -- sampling


@trace
def outer():
    return inner(), inner()


@trace
def inner():
    return inject({})["traceparent"][-2:]


def test_rate_one_keeps_all_and_rate_zero_none():
    for rate, expected in ((1.0, 30), (0.0, 0)):
        with capture(sample_rate=rate) as captured:
            for _ in range(10):
                outer()
        assert len(captured.spans) == expected


def test_trees_are_whole_or_absent():
    with capture(sample_rate=0.5) as captured:
        flags = [outer() for _ in range(200)]
    kept = flags.count(("01", "01"))
    assert kept + flags.count(("00", "00")) == 200
    assert 50 < kept < 150
    assert captured.tree() == [["outer", [["inner", []], ["inner", []]]]] * kept


def test_a_trace_is_sampled_by_the_low_bits_of_its_id():
    tracer = Tracer(resolve({"local": True, "sample_rate": 0.25}, {}), Recorder())
    quarter = (LOW_56 + 1) // 4
    above = 0xABC << 60
    found = [
        tracer.start_under(above | low, None, "chain", "s", None, None, {}, None).sampled
        for low in (0, quarter - 1, quarter, LOW_56)
    ]
    assert found == [True, True, False, False]


def test_a_span_sampled_out_is_current_and_counted_and_makes_no_noise():
    with capture(sample_rate=0.0) as captured:
        span = start_span(SpanOptions(kind="chain"))
        assert get_current_span() is span
        outer()
        end_span(span)
        assert (get_current_span(), runtime.live.tracer.unsampled) == (None, 4)
        assert captured.open_spans() == []
    assert captured.spans == []
