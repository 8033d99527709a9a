"""A framework's runs, kept by its ids: what is open, what is given up, and what is current."""

from __future__ import annotations

from contextvars import copy_context

import pytest

from mutagent.integrations.bridge import Bridge
from mutagent.integrations.claims import UNDER_WAY
from mutagent.testing import CapturedSpans, capture
from mutagent.tracing import context, trace
from mutagent.tracing.context import current_span


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def captured():
    with capture() as spans:
        yield spans


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def bridge(clock):
    return Bridge(max_runs=10, grace=5.0, now=clock)


def end(bridge: Bridge, id: str, error: BaseException | None = None) -> None:
    bridge.finish(bridge.pop(id), error)


def names(captured: CapturedSpans) -> list[str]:
    return [span["name"] for span in captured.spans]


def test_runs_nest_by_their_ids_and_leave_the_map_as_they_end(bridge, captured):
    root = bridge.start("1", None, "graph", "root")
    node = bridge.start("2", root, "node", "node")
    bridge.start("3", node, "tool", "tool")
    for id in ("3", "2", "1"):
        end(bridge, id)
    assert captured.tree() == [["root", [["node", [["tool", []]]]]]]
    assert bridge.runs == {}


def test_a_hidden_run_gives_its_children_to_its_parent(bridge, captured):
    root = bridge.start("1", None, "chain", "root")
    hidden = bridge.hide("2", root, None)
    bridge.start("3", hidden, "tool", "tool")
    for id in ("3", "2", "1"):
        end(bridge, id)
    assert captured.tree() == [["root", [["tool", []]]]]
    assert bridge.runs == {}


def test_what_ends_after_its_root_is_whole(bridge, captured):
    root = bridge.start("1", None, "chain", "root")
    bridge.start("2", root, "tool", "late")
    end(bridge, "1")
    end(bridge, "2")
    assert captured.tree() == [["root", [["late", []]]]]


def test_what_never_ends_is_given_up_some_time_after_its_root(bridge, captured, clock):
    root = bridge.start("1", None, "chain", "root")
    bridge.start("2", root, "tool", "lost")
    end(bridge, "1")
    clock.now = 4.0
    bridge.start("3", None, "chain", "next")
    assert names(captured) == ["root"]
    clock.now = 6.0
    end(bridge, "3")
    assert sorted(names(captured)) == ["lost", "next", "root"]
    assert captured.named("lost")["attributes"] == {"mutagent.span.outcome": "abandoned"}
    assert bridge.runs == {}


def test_a_cancelled_root_takes_what_is_open_below_it_along(bridge, captured):
    root = bridge.start("1", None, "chain", "root")
    bridge.start("2", root, "tool", "cut off")
    error = KeyboardInterrupt()
    bridge.finish(bridge.pop("1"), error)
    bridge.cancel(root, error)
    assert {span["name"]: span["status"] for span in captured.spans} == {"root": "error", "cut off": "error"}
    assert bridge.runs == {}


def test_roots_that_never_end_are_bounded_and_the_oldest_are_given_up(bridge, captured):
    for number in range(25):
        bridge.start(str(number), None, "chain", f"run {number}")
    assert list(bridge.runs) == [str(number) for number in range(15, 25)]
    assert names(captured) == [f"run {number}" for number in range(15)]
    assert {span["attributes"]["mutagent.span.outcome"] for span in captured.spans} == {"abandoned"}


def test_a_run_whose_span_was_ended_by_others_does_not_stay(bridge, captured):
    run = bridge.start("1", None, "llm.chat", "cancelled")
    run.tracer.fail(run.span, KeyboardInterrupt())
    bridge.start("2", None, "chain", "next")
    assert list(bridge.runs) == ["2"]
    assert names(captured) == ["cancelled"]


def test_a_span_whose_request_is_under_way_waits_for_it(bridge, captured, clock):
    waiting = bridge.start("1", None, "llm.chat", "stream")
    waiting.span.claim = UNDER_WAY
    end(bridge, "1", GeneratorExit())
    assert (names(captured), waiting.span.ended) == ([], True)
    clock.now = 6.0
    bridge.start("2", None, "chain", "next")
    assert names(captured) == ["stream"]


def test_without_tracing_there_is_no_run(bridge, monkeypatch):
    from mutagent.tracing.runtime import live

    monkeypatch.setattr(live, "tracer", None)
    monkeypatch.setattr(live, "undecided", False)
    assert bridge.start("1", None, "chain", "root") is None
    assert bridge.runs == {}


def test_a_run_is_current_until_it_is_left(bridge, captured):
    run = bridge.start("1", None, "tool", "tool")
    bridge.enter(run)
    assert current_span() is run.span
    end(bridge, "1")
    assert current_span() is None
    assert context.current.get() is None


def test_what_the_program_opened_within_a_run_stands_between(bridge, captured):
    run = bridge.start("1", None, "node", "node")
    bridge.enter(run)

    @trace(kind="custom")
    def helper():
        inner = bridge.start("2", run, "tool", "tool")
        bridge.finish(bridge.pop("2"))
        assert inner.span.parent_number != run.span.span_number

    helper()
    end(bridge, "1")
    assert captured.tree() == [["node", [["helper", [["tool", []]]]]]]


def test_a_run_of_another_branch_does_not_stand_between(bridge, captured):
    root = bridge.start("1", None, "chain", "root")
    first = bridge.start("2", root, "chain", "first")
    bridge.enter(first)
    bridge.start("3", root, "chain", "second")
    for id in ("3", "2", "1"):
        end(bridge, id)
    assert captured.tree() == [["root", [["first", []], ["second", []]]]]


@pytest.mark.parametrize(("within", "is_current"), [(True, True), (False, False), (None, False)])
def test_a_generators_run_is_current_only_for_its_own_steps(bridge, captured, within, is_current):
    run = bridge.start("1", None, "chain", "stream")
    bridge.enter(run, lambda: within)
    assert (current_span() is run.span) is is_current
    # Where the framework can't tell, tasks of Python 3.10 tell by their context.
    assert (copy_context().run(current_span) is run.span) in (is_current, within is None)
    end(bridge, "1")
    assert current_span() is None


def test_calls_announced_together_are_current_one_after_the_other(bridge, captured):
    runs = []
    for number in range(3):
        runs.append(bridge.start(str(number), None, "llm.chat", f"call {number}", batch=3))
        runs[-1].span.claim = "text"
        bridge.enter(runs[-1])
    for run in runs:
        assert current_span() is run.span
        run.span.claim = None
    for number in range(3):
        end(bridge, str(number))
    assert captured.tree() == [["call 0", []], ["call 1", []], ["call 2", []]]
    assert current_span() is None


def test_ended_runs_do_not_pile_up_in_a_context_that_nobody_cleans(bridge, captured):
    for number in range(100):
        run = bridge.start(str(number), None, "tool", "tool")
        bridge.enter(run)
        # As an end callback in another task: it can't put back what was current here.
        copy_context().run(end, bridge, str(number))
    depth, value = 0, context.current.get()
    while value is not None:
        depth, value = depth + 1, value.outer
    assert depth == 1
