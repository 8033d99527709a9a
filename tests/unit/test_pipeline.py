"""From the program's threads to the exporters: in time, bounded, and with every span accounted for."""

import asyncio
import gc
import sqlite3
import sys
import threading
import time
from contextlib import contextmanager
from time import monotonic

import pytest

from mutagent import guard
from mutagent.config import Settings
from mutagent.export.delivery import Pace
from mutagent.export.memory import MemoryExporter
from mutagent.export.pipeline import Pipeline
from mutagent.export.receipt import SinkReceipt
from mutagent.export.result import ExportResult
from mutagent.store.reader import StoreReader
from mutagent.tracing import context
from tests.servers.collector import Answer, Collector
from tests.unit.spans import ended_span, record, remote, traced, wait_until


@pytest.fixture(autouse=True)
def nothing_said_yet():
    guard.forget()


@contextmanager
def running(settings, exporters=None):
    """A pipeline and its tracer, shut down at the end."""
    pipeline = Pipeline(settings, exporters)
    try:
        yield pipeline, traced(pipeline)
    finally:
        pipeline.shutdown(0.2)


class Blocked(MemoryExporter):
    """Exports nothing until it is let."""

    def __init__(self):
        super().__init__()
        self.go = threading.Event()

    def export(self, spans, deadline):
        self.go.wait(20)
        return super().export(spans, deadline)


class Failing(MemoryExporter):
    def export(self, spans, deadline):
        raise RuntimeError("a bug of ours")


def test_a_flush_delivers_what_has_ended_and_accounts_for_it():
    memory = MemoryExporter()
    with running(Settings(), [memory]) as (pipeline, tracer):
        record(tracer, "a", "b")
        still_open = tracer.start("custom", "open", None)
        receipt = pipeline.flush(20)
        assert receipt.sinks == [SinkReceipt("memory", ended=2, accepted=2)]
        assert (receipt.open, receipt.ended, receipt.delivered) == (1, 2, True)
        assert [span["name"] for span in memory.spans] == ["a", "b"]
        tracer.end(still_open)


def test_no_thread_exists_before_the_first_span():
    before = set(sys._current_frames())
    with running(Settings(), [MemoryExporter()]) as (pipeline, tracer):
        pipeline.flush(20)
        assert set(sys._current_frames()) <= before
        record(tracer, "a")
        assert wait_until(lambda: set(sys._current_frames()) - before)


def test_a_span_is_shown_while_it_runs_to_those_who_want_it_and_counted_once():
    memory = MemoryExporter()
    memory.wants_open = True
    with running(Settings(), [memory]) as (pipeline, tracer):
        span = tracer.start("custom", "long", None)
        assert wait_until(lambda: memory.spans)
        assert memory.spans[0]["status"] == "unset"
        assert pipeline.receipt().sinks == [SinkReceipt("memory")]
        tracer.end(span)
        assert pipeline.flush(20).sinks == [SinkReceipt("memory", ended=1, accepted=1)]
        assert [each["spanId"] for each in memory.spans] == [span.span_id] * 2
        assert pipeline.receipt().totals.spans == 1


def test_shutdown_sends_open_spans_as_interrupted():
    memory = MemoryExporter()
    with running(Settings(), [memory]) as (pipeline, tracer):
        tracer.start("agent", "open", None)
        receipt = pipeline.shutdown(20)
        assert receipt.open == 0
        [span] = memory.spans
        assert (span["status"], span["attributes"]) == ("unset", {"mutagent.span.outcome": "interrupted"})


def test_what_ends_after_shutdown_is_accounted_for_as_dropped():
    memory = MemoryExporter()
    with running(Settings(), [memory]) as (pipeline, tracer):
        record(tracer, "before")
        pipeline.shutdown(20)
        assert wait_until(lambda: pipeline.reader.asleep)
        record(tracer, "after")
        assert pipeline.receipt().sinks == [SinkReceipt("memory", ended=2, accepted=1, dropped=1)]


def test_a_flush_ends_in_time_though_the_exporter_does_not():
    blocked = Blocked()
    with running(Settings(), [blocked]) as (pipeline, tracer):
        record(tracer, "a")
        began = monotonic()
        receipt = pipeline.flush(0.3)
        assert monotonic() - began < 10
        assert receipt.sinks == [SinkReceipt("memory", ended=1, pending=1)]
        blocked.go.set()
        assert pipeline.flush(20).delivered


def test_a_flush_from_within_the_worker_returns_at_once():
    receipts = []

    def mask(value, where):
        receipts.append(pipeline.flush(20))
        return value

    with running(Settings(mask=mask), [MemoryExporter()]) as (pipeline, _):
        began = monotonic()
        pipeline.ended(ended_span(1, input={"text": "t"}))
        assert pipeline.flush(20).delivered
        assert monotonic() - began < 10
        assert len(receipts) == 1


def test_spans_of_a_mask_are_not_recorded():
    memory = MemoryExporter()

    def mask(value, where):
        tracer.end(tracer.start("custom", "made by the mask", context.current.get()))
        return value

    with running(Settings(mask=mask), [memory]) as (pipeline, tracer):
        pipeline.ended(ended_span(1, input={"text": "t"}))
        assert pipeline.flush(20).ended == 1
        assert [span["name"] for span in memory.spans] == ["span 1"]


def test_a_bug_in_an_exporter_costs_no_program_anything_and_is_counted():
    with running(Settings(), [Failing()]) as (pipeline, tracer):
        record(tracer, "a")
        assert pipeline.flush(20).sinks == [SinkReceipt("memory", ended=1, pending=1, error="internal error")]
        assert set(guard.failures) == {"export memory"}
        assert pipeline.shutdown(1).sinks[0].dropped == 1


def test_a_span_that_can_not_be_encoded_is_dropped_alone():
    memory = MemoryExporter()
    with running(Settings(), [memory]) as (pipeline, tracer):
        pipeline.ended(ended_span(1, attributes=7))
        record(tracer, "b")
        assert pipeline.flush(20).sinks == [SinkReceipt("memory", ended=2, accepted=1, dropped=1)]


def test_a_hundred_thousand_spans_from_four_threads_all_arrive():
    counted = MemoryExporter()
    names = []
    counted.export = lambda spans, deadline: names.extend(s.span_id for s in spans) or ExportResult(len(spans))
    with running(Settings(), [counted]) as (pipeline, tracer):

        def produce():
            for _ in range(25_000):
                tracer.end(tracer.start("custom", "n", None))

        threads = [threading.Thread(target=produce) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        receipt = pipeline.flush(120)
    assert receipt.sinks == [SinkReceipt("memory", ended=100_000, accepted=100_000)]
    assert len(set(names)) == 100_000


@pytest.mark.parametrize("limit", [{"max_queue_bytes": 1_000_000}, {"max_queue_spans": 1000}], ids=str)
def test_memory_is_bounded_while_nothing_can_be_exported(limit):
    blocked = Blocked()
    with running(Settings(**limit), [blocked]) as (pipeline, tracer):
        for number in range(20_000):
            tracer.end(tracer.start("custom", "n", None, {"text": f"{number:0500}"}))
        held = [*pipeline.queue, *pipeline._deliveries[0]._waiting, *(pipeline._deliveries[0]._in_flight or [])]
        assert len(held) < 6000
        blocked.go.set()
        [sink] = pipeline.flush(60).sinks
        assert sink.ended == 20_000 == sink.accepted + sink.dropped
        assert len(blocked.spans) == sink.accepted > 0


def test_an_end_within_a_finaliser_or_a_signal_handler_is_harmless():
    memory = MemoryExporter()
    with running(Settings(), [memory]) as (pipeline, tracer):

        class Ends:
            def __del__(self):
                record(tracer, "finaliser")

        for _ in range(200):
            cycle = Ends()
            cycle.own = cycle
        del cycle
        gc.collect()
        assert pipeline.flush(20).sinks == [SinkReceipt("memory", ended=200, accepted=200)]


def test_debug_prints_starts_and_ends_on_stdout(capsys):
    with running(Settings(debug=True), [MemoryExporter()]) as (_, tracer):
        span = tracer.start("tool", "find", None)
        span.metrics.input_tokens, span.metrics.output_tokens, span.status = 3, 4, "ok"
        tracer.end(span)
        first, second = capsys.readouterr().out.splitlines()
    assert first == f"mutagent: span started  tool 'find' span={span.span_id} trace={span.trace_id}"
    assert second.startswith(f"mutagent: span ended    tool 'find' span={span.span_id} ok ")
    assert second.endswith(" ms tokens=3+4")


def failed(tracer, message):
    span = tracer.start("tool", "find", None)
    span.status, span.status_message = "error", message
    tracer.end(span)


def test_debug_prints_no_secret_and_nothing_that_a_mask_of_the_users_has_not_seen(capsys):
    with running(Settings(debug=True), [MemoryExporter()]) as (_, tracer):
        failed(tracer, "no such key:\nsk-proj-aB3dE5gH7jK9mN1pQ3sT5vW7yZ9")
    assert r"error='no such key:\n[masked]'" in capsys.readouterr().out
    with running(Settings(debug=True, mask=lambda value, where: value), [MemoryExporter()]) as (_, tracer):
        failed(tracer, "customer 4711")
    said = capsys.readouterr().out
    assert "customer" not in said
    assert " error " in said


def test_batches_are_sent_when_they_are_full_or_old_enough(tmp_path):
    with Collector() as collector:
        with running(remote(collector.url, tmp_path, batch_size=5, batch_interval_ms=60_000)) as (_, tracer):
            record(tracer, *"abcd")
            time.sleep(0.6)
            assert collector.requests == []
            record(tracer, "e")
            assert len(collector.wait_for(5)) == 5
        with running(remote(collector.url, tmp_path, batch_size=1000, batch_interval_ms=300)) as (_, tracer):
            record(tracer, "f")
            assert len(collector.wait_for(6)) == 6


def test_sends_keep_their_distance_and_carry_all_that_waits(tmp_path):
    with Collector() as collector, running(remote(collector.url, tmp_path, batch_size=1)) as (pipeline, tracer):
        until = monotonic() + 1.0
        while monotonic() < until:
            record(tracer, "n")
            time.sleep(0.01)
        ended = pipeline.receipt().ended
        assert len(collector.wait_for(ended)) == ended
        times = [request.at for request in collector.requests]
        # A quarter of a second apart where they were sent; where they arrive one may be late.
        assert len(times) <= (times[-1] - times[0]) / 0.25 + 2


def test_an_outage_costs_nothing_and_is_said_once(tmp_path, capsys):
    with Collector(answers=[Answer(503)] * 4) as collector:
        with running(remote(collector.url, tmp_path, batch_interval_ms=10)) as (pipeline, tracer):
            record(tracer, *"abc")
            assert len(collector.wait_for(3, timeout=60)) == 3
            assert wait_until(lambda: pipeline.receipt().sink("mutagent").accepted == 3)
            receipt = pipeline.receipt().sink("mutagent")
        lines = capsys.readouterr().err.splitlines()
        assert [line.split(":")[-1].strip() if "again" not in line else "again" for line in lines][-1] == "again"
        assert len(lines) == 2
        assert "HTTP 503" in lines[0]
    assert (receipt.ended, receipt.spooled, receipt.dropped, receipt.pending) == (3, 0, 0, 0)
    assert list((tmp_path / "spool").rglob("*.spans")) == []


def test_what_one_process_could_not_send_the_next_one_does(tmp_path):
    with Collector(then=Answer(500)) as collector:
        port = int(collector.url.rsplit(":", 1)[1])
        with running(remote(collector.url, tmp_path)) as (pipeline, tracer):
            record(tracer, "a", "b")
            assert pipeline.shutdown(5).sinks[0].spooled == 2
    with Collector(port=port) as collector, running(remote(collector.url, tmp_path)) as (pipeline, tracer):
        record(tracer, "c")
        receipt = pipeline.flush(20)
        assert receipt.sinks == [SinkReceipt("mutagent", ended=1, accepted=1, recovered=2)]
        assert sorted(span["name"] for span in collector.spans()) == ["a", "b", "c"]


def test_a_flush_respects_retry_after(tmp_path):
    answers = [Answer(429, retry_after="100")]
    with Collector(answers) as collector, running(remote(collector.url, tmp_path)) as (pipeline, tracer):
        record(tracer, "a")
        pipeline.flush(20)
        assert pipeline.flush(20).sinks[0].pending == 1
        assert len(collector.requests) == 1


def test_a_service_that_hangs_does_not_hold_up_the_local_sinks(tmp_path):
    with Collector(then=Answer(hang=True)) as collector:
        settings = remote(collector.url, tmp_path, batch_size=1, local=True)
        with running(settings) as (pipeline, tracer):
            record(tracer, "a")
            assert wait_until(lambda: collector.requests)
            record(tracer, "b")
            assert wait_until(lambda: pipeline.receipt().sink("local").accepted == 2, seconds=4)
            assert pipeline.receipt().sink("mutagent").pending == 2


def test_a_locked_store_costs_no_span_and_gets_them_from_the_next_process(tmp_path):
    settings = Settings(home=tmp_path, local=True)
    with running(settings) as (pipeline, tracer):
        record(tracer, "a")
        assert pipeline.flush(20).delivered
        lock = sqlite3.connect(next(tmp_path.glob("*.sqlite3")), isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        record(tracer, "b")
        assert pipeline.shutdown(1).sinks[0].spooled == 1
        lock.execute("ROLLBACK")
        lock.close()
    with running(settings) as (pipeline, tracer):
        record(tracer, "c")
        assert wait_until(lambda: pipeline.receipt().sink("local").recovered == 1)
    names = [trace.name for trace in StoreReader(tmp_path).traces()]
    assert sorted(names) == ["a", "b", "c"]


def test_a_serverless_host_on_a_loop_is_not_kept_waiting_for_more_to_come_along(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    monkeypatch.setattr("mutagent.export.assembly.Pace", lambda *_: Pace(1, 0.0, 0.0, nap=60.0))

    async def handler(tracer):
        record(tracer, "handler")

    with Collector() as collector, running(remote(collector.url, tmp_path)) as (pipeline, tracer):
        for handled in (1, 2):
            asyncio.run(handler(tracer))
            assert len(collector.wait_for(handled)) == handled
            assert wait_until(lambda: pipeline.reader.asleep)
