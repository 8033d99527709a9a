"""Traced generators are generators: ``send``, ``throw``, ``close`` and return values pass, and no context leaks."""

import asyncio
import contextlib
import gc
import sys

import pytest

from mutagent.tracing import get_current_span, trace


def outcome(span):
    return {
        "status": span["status"],
        "output": span.get("output"),
        "stream": span.get("attributes", {}).get("mutagent.stream.outcome"),
    }


@trace
def child():
    pass


@trace(kind="tool")
def echo(first):
    """Yields what was sent before, returns what came last."""
    got = yield first
    while got != "stop":
        try:
            got = yield got
        except KeyError as error:
            got = yield f"caught {error.args[0]}"
    return "done"


def test_a_generator_that_runs_out_records_what_it_yielded(captured):
    @trace
    def count(upto):
        yield from range(upto)

    assert list(count(3)) == [0, 1, 2]
    assert outcome(captured.spans[0]) == {"status": "ok", "output": {"raw": [0, 1, 2]}, "stream": None}
    assert captured.spans[0]["input"] == {"raw": {"upto": 3}}


def test_send_throw_and_the_return_value_pass(captured):
    def conversation():
        steps = echo("a")
        said = [next(steps), steps.send("b"), steps.throw(KeyError("k")), steps.send("c")]
        try:
            steps.send("stop")
        except StopIteration as stop:
            said.append(stop.value)
        return said

    assert conversation() == ["a", "b", "caught k", "c", "done"]
    assert outcome(captured.spans[0]) == {
        "status": "ok",
        "output": {"raw": {"yielded": ["a", "b", "caught k", "c"], "returned": "done"}},
        "stream": None,
    }


def test_yield_from_a_traced_generator_gives_its_return_value(captured):
    def outer():
        result = yield from echo("a")
        yield f"outer got {result}"

    steps = outer()
    assert [next(steps), steps.send("stop")] == ["a", "outer got done"]


def test_closing_runs_the_generators_cleanup_and_ends_the_span(captured):
    cleaned = []

    @trace
    def numbers():
        try:
            yield 1
            yield 2
        finally:
            cleaned.append(get_current_span().name)

    steps = numbers()
    next(steps)
    steps.close()
    assert cleaned == ["numbers"]
    assert outcome(captured.spans[0]) == {"status": "ok", "output": {"raw": [1]}, "stream": "closed"}


def test_a_cleanup_that_raises_is_the_programs_to_see_and_ends_the_span(captured):
    @trace
    def numbers():
        try:
            yield 1
        finally:
            raise OSError("cleanup")

    steps = numbers()
    next(steps)
    with pytest.raises(OSError, match="cleanup"):
        steps.close()
    (span,) = captured.spans
    assert (span["status"], span["statusMessage"]) == ("error", "cleanup")


def test_a_generator_that_ignores_its_close_is_told_so_as_ever(captured):
    @trace
    def stubborn():
        try:
            yield 1
        except GeneratorExit:
            yield 2

    steps = stubborn()
    next(steps)
    with pytest.raises(RuntimeError, match="generator ignored GeneratorExit"):
        steps.close()
    assert list(steps) == []
    assert captured.spans[0]["output"] == {"raw": [1, 2]}


def test_a_forgotten_generator_ends_its_span_when_it_is_collected(captured):
    steps = echo("a")
    next(steps)
    del steps
    gc.collect()
    assert outcome(captured.spans[0]) == {"status": "ok", "output": {"raw": ["a"]}, "stream": "closed"}


def test_a_generator_that_is_never_started_has_no_span(captured):
    echo("a").close()
    assert captured.spans == []


def test_an_exception_in_a_step_passes_and_marks_the_span(captured):
    raised = KeyError("x")

    @trace
    def failing():
        yield 1
        raise raised

    steps = failing()
    next(steps)
    with pytest.raises(KeyError) as caught:
        next(steps)
    assert caught.value is raised
    (span,) = captured.spans
    assert (span["status"], span["attributes"]["error.type"]) == ("error", "KeyError")


def test_each_step_runs_in_the_span_and_the_consumer_outside_of_it(captured):
    seen = []

    @trace
    def steps():
        for _ in range(2):
            child()
            yield get_current_span().name

    @trace
    def consumer():
        for name in steps():
            seen.append((name, get_current_span().name))
            child()

    consumer()
    assert seen == [("steps", "consumer")] * 2
    assert captured.tree() == [["consumer", [["steps", [["child", []]] * 2], ["child", []], ["child", []]]]]


def test_interleaved_generators_keep_their_own_spans(captured):
    @trace
    def numbers():
        for number in range(2):
            child()
            yield number

    assert list(zip(numbers(), numbers(), strict=True)) == [(0, 0), (1, 1)]
    assert captured.tree() == [["numbers", [["child", []]] * 2]] * 2


def test_a_traced_generator_makes_a_context_manager(captured):
    @contextlib.contextmanager
    @trace
    def resource():
        try:
            yield "it"
        except ValueError:
            yield "never"

    with resource() as found:
        assert found == "it"
    with pytest.raises(RuntimeError, match="didn't stop"), resource():
        raise ValueError
    assert [span["status"] for span in captured.spans] == ["ok", "ok"]


def test_what_a_generator_yields_is_recorded_within_one_budget(captured):
    @trace
    def endless():
        for number in range(3000):
            yield {"number": number, "text": "x" * 200}

    assert sum(1 for _ in endless()) == 3000
    (span,) = captured.spans
    assert len(str(span)) < 300_000
    assert span["output"]["raw"][0] == {"number": 0, "text": "x" * 200}
    assert span["attributes"]["mutagent.items_not_recorded"] >= 2000


def test_the_call_itself_runs_nothing_of_the_generator(captured):
    ran = []

    @trace
    def lazy():
        ran.append(1)
        yield

    lazy().close()
    assert ran == []


# -- async generators


@trace(kind="tool")
async def async_echo(first):
    got = yield first
    while got != "stop":
        try:
            got = yield got
        except KeyError as error:
            got = yield f"caught {error.args[0]}"


def test_async_send_and_throw_pass(captured):
    async def conversation():
        steps = async_echo("a")
        said = [await steps.__anext__(), await steps.asend("b"), await steps.athrow(KeyError("k"))]
        with pytest.raises(StopAsyncIteration):
            await steps.asend("stop")
        return said

    assert asyncio.run(conversation()) == ["a", "b", "caught k"]
    assert outcome(captured.spans[0]) == {"status": "ok", "output": {"raw": ["a", "b", "caught k"]}, "stream": None}


def test_an_async_generator_left_early_ends_its_span_and_runs_its_cleanup(captured):
    cleaned = []

    @trace
    async def numbers():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            cleaned.append(get_current_span().name)

    async def main():
        async with contextlib.aclosing(numbers()) as steps:
            async for _ in steps:
                break

    asyncio.run(main())
    assert cleaned == ["numbers"]
    assert outcome(captured.spans[0]) == {"status": "ok", "output": {"raw": [1]}, "stream": "closed"}


def test_an_async_cleanup_that_raises_passes_and_ends_the_span(captured):
    @trace
    async def numbers():
        try:
            yield 1
        finally:
            raise OSError("cleanup")

    async def main():
        steps = numbers()
        await steps.__anext__()
        with pytest.raises(OSError, match="cleanup"):
            await steps.aclose()

    asyncio.run(main())
    assert captured.spans[0]["status"] == "error"


def test_a_generator_that_the_loop_closes_at_its_end_is_closed_once(captured, capfd):
    cleaned, kept = [], []

    @trace
    async def numbers():
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            cleaned.append(1)

    async def main():
        kept.append(numbers())
        await kept[0].__anext__()

    asyncio.run(main())
    assert cleaned == [1]
    assert capfd.readouterr() == ("", "")
    assert outcome(captured.spans[0])["stream"] == "closed"


def test_a_forgotten_async_generator_is_closed_by_the_loop(captured):
    cleaned = []

    @trace
    async def numbers():
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            cleaned.append(1)

    async def main():
        steps = numbers()
        await steps.__anext__()
        del steps
        gc.collect()
        for _ in range(10):
            await asyncio.sleep(0)
        return list(cleaned)

    assert asyncio.run(main()) == [1]
    assert outcome(captured.spans[0])["stream"] == "closed"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout came with Python 3.11")
def test_a_timeout_inside_an_async_generator_works_across_its_yields(captured):
    @trace
    async def slow():
        try:
            async with asyncio.timeout(0.01):
                yield "first"
                await asyncio.Event().wait()
        except TimeoutError:
            yield "timed out"

    async def main():
        return [item async for item in slow()]

    assert asyncio.run(main()) == ["first", "timed out"]
    assert captured.spans[0]["status"] == "ok"


def test_a_task_that_consumes_an_async_generator_can_be_cancelled(captured):
    @trace
    async def forever():
        yield 1
        await asyncio.Event().wait()

    async def consume(started):
        async for _ in forever():
            started.set()

    async def main():
        started = asyncio.Event()
        task = asyncio.create_task(consume(started))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert captured.spans[0]["attributes"]["error.type"] == "asyncio.exceptions.CancelledError"


def test_async_steps_run_in_the_span_and_the_consumer_outside_of_it(captured):
    @trace
    async def steps():
        for _ in range(2):
            child()
            await asyncio.sleep(0)
            yield get_current_span().name

    @trace
    async def consumer():
        return [(name, get_current_span().name, child()) async for name in steps()]

    assert asyncio.run(consumer()) == [("steps", "consumer", None)] * 2
    assert captured.tree() == [["consumer", [["steps", [["child", []]] * 2], ["child", []], ["child", []]]]]


def test_one_async_generator_may_be_driven_from_several_tasks(captured):
    @trace
    async def numbers():
        for number in range(3):
            yield number

    async def main():
        steps = numbers()
        return [await asyncio.create_task(steps.__anext__()) for _ in range(3)] + [get_current_span()]

    assert asyncio.run(main()) == [0, 1, 2, None]


def test_untraced_generators_run_as_they_are(undecided):
    steps = echo("a")
    assert [next(steps), steps.send("b"), steps.throw(KeyError("k"))] == ["a", "b", "caught k"]
    steps.close()

    async def main():
        return [item async for item in async_echo("a") if item is None]

    assert asyncio.run(asyncio.wait_for(first(async_echo("a")), 10)) == "a"


async def first(steps):
    async with contextlib.aclosing(steps):
        return await steps.__anext__()
