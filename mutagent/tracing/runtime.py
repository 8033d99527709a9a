"""Init and shutdown: the one live tracer of this process, and whether there is to be one."""

from __future__ import annotations

import os
from _thread import get_ident
from collections.abc import Callable
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from mutagent import process
from mutagent.guard import Guard, guarded, say_once
from mutagent.tracing.types import TracingConfig

if TYPE_CHECKING:
    from mutagent.config import Settings
    from mutagent.export.pipeline import Pipeline
    from mutagent.export.receipt import Receipt
    from mutagent.tracing.tracer import Tracer


class Live:
    """What is live: the tracer, which the hot paths read, and its pipeline.

    ``undecided`` is True until an init, or the first span's look at the environment, has settled whether to trace.
    """

    __slots__ = ("pipeline", "tracer", "undecided")

    def __init__(self) -> None:
        self.tracer: Tracer | None = None
        self.pipeline: Pipeline | None = None
        self.undecided = True


live = Live()


def init_tracing(
    api_key: str | None = None,
    endpoint: str | None = None,
    environment: str | None = None,
    batch_size: int | None = None,
    batch_interval_ms: int | None = None,
    debug: bool | None = None,
    source: str | None = None,
    config: TracingConfig | None = None,
    *,
    service: str | None = None,
    local: bool | None = None,
    home: str | os.PathLike[str] | None = None,
    sample_rate: float | None = None,
    capture_inputs: bool | None = None,
    capture_outputs: bool | None = None,
    stream_usage: bool | None = None,
    allow_insecure_http: bool | None = None,
    threads: bool | None = None,
    mask: Callable[[Any, str], Any] | None = None,
) -> None:
    """Switch tracing on for this process.

    What is not given comes from the environment, then from the defaults; ``docs/configuration.md`` has the table.
    Called again, the new configuration replaces the old one, whose spans are flushed first.

    Args:
        api_key: MutagenT key, ``mt_...``; else ``MUTAGENT_API_KEY``. Only the hosted endpoint demands one.
        endpoint: http(s) URL that spans are sent to; ``https://api.mutagent.io`` by default.
        environment: name such as ``production``.
        batch_size: spans that make a batch due; 10 by default.
        batch_interval_ms: milliseconds after which spans are due however few they are; 5000 by default.
        debug: print each span's start and end to stdout.
        source: the ``source`` of each trace; ``sdk`` by default.
        config: the same values as one object; single arguments win over it.
        service: service name; else the program's.
        local: record into the local store, beside the endpoint where a key is given.
        home: directory of the local store and the spool; ``~/.mutagent`` by default.
        sample_rate: share of traces to record, 0 to 1.
        capture_inputs: record inputs.
        capture_outputs: record outputs.
        stream_usage: ask OpenAI-style streams for token usage on the program's behalf.
        allow_insecure_http: allow plain http to hosts other than loopback.
        threads: under auto mode, threads continue the trace of the code that started them.
        mask: ``(value, where) -> value`` over every recorded value; a value it fails on is dropped.

    Raises:
        ValueError: for a setting that can't be used, saying which and what to do.
    """
    from mutagent.config import resolve

    given = dict(locals())
    given.pop("resolve")
    given.pop("config")
    if config is not None:
        for name in ("api_key", "endpoint", "environment", "batch_size", "batch_interval_ms", "debug", "source"):
            given[name] = getattr(config, name) if given[name] is None else given[name]
    start(resolve(given))


def start(settings: Settings, sink: Any = None) -> None:
    """Make the tracer of these settings the live one; the one before it, if any, is flushed.

    Args:
        settings: what :func:`mutagent.config.resolve` gave.
        sink: where spans go instead of the pipeline that the settings describe.
    """
    from mutagent.auto.activation import is_active
    from mutagent.capture.snapshot import set_max_bytes
    from mutagent.tracing.failure import set_with_messages
    from mutagent.tracing.tracer import Tracer

    set_max_bytes(settings.max_field_bytes)
    set_with_messages(settings.capture_inputs or settings.capture_outputs)
    old = live.pipeline
    pipeline = _pipeline(settings) if sink is None else sink
    tracer = Tracer(settings, pipeline)
    _introduce(pipeline, tracer)
    if live.tracer is not None and old is not None:
        live.tracer.hand_on(tracer)
        old.open_spans = list
    live.tracer, live.pipeline, live.undecided = tracer, pipeline, False
    if old is not None:
        _retire(old, settings.exit_timeout_ms / 1000)
    if sink is None:
        process.watch(live)
    if is_active():
        from mutagent.auto import threads

        guarded("threads", threads.install)


def _retire(pipeline: Any, timeout: float) -> None:
    """Flush a pipeline that is replaced: before the caller goes on, unless the caller is an event loop."""
    import threading

    thread = threading.Thread(
        target=lambda: guarded("retire", pipeline.shutdown, timeout), name="mutagent-retire", daemon=True
    )
    thread.start()
    if not process.on_running_loop():
        thread.join(timeout + 0.5)


def _introduce(pipeline: Any, tracer: Tracer) -> None:
    pipeline.open_spans = tracer.open_spans
    pipeline.unsampled = lambda: tracer.unsampled


def _pipeline(settings: Settings) -> Pipeline:
    from mutagent.export.pipeline import Pipeline

    return Pipeline(settings)


def live_tracer() -> Tracer | None:
    """The live tracer; the first time, after looking at the environment. None where tracing is off."""
    if live.undecided:
        with Guard("lazy init"):
            _decide()
    return live.tracer


# The thread that is deciding. Others wait for it: their first spans must not be lost because two came at once.
_decider: dict[str, int] = {}
_DECISION_SECONDS = 2.0


def _decide() -> None:
    me = get_ident()
    if _decider.get("thread") == me:
        return  # what deciding imports may itself be traced
    if _decider.setdefault("thread", me) != me:
        _wait_for_decision()
        return
    try:
        _read_environment()
    finally:
        live.undecided = False
        _decider.clear()


def _wait_for_decision() -> None:
    deadline = monotonic() + _DECISION_SECONDS
    while live.undecided and monotonic() < deadline:
        sleep(0.001)


def _read_environment() -> None:
    if not _environment_asks():
        return
    # Before anything is imported: a process that is forked meanwhile has to decide for itself.
    process.watch_forks(live)
    from mutagent.config import resolve_quietly

    settings, complaints = resolve_quietly()
    for line in complaints:
        say_once(line, line)
    if settings is not None:
        start(settings)


def _environment_asks() -> bool:
    from mutagent.auto.activation import is_active

    return (
        is_active()
        or any(os.environ.get(name) for name in ("MUTAGENT_API_KEY", "MUTAGENT_ENDPOINT"))
        or (os.environ.get("MUTAGENT_LOCAL", "").strip().lower() in ("1", "true", "yes", "on"))
    )


def is_tracing_initialized() -> bool:
    """Whether tracing is on in this process."""
    return live.tracer is not None


def flush(timeout: float = 5.0) -> Receipt | None:
    """Deliver what has ended so far, and wait for it, in seconds at the most.

    Returns:
        What became of the spans, per sink (:class:`mutagent.export.receipt.Receipt`); None where tracing is off.
    """
    return None if live.pipeline is None else live.pipeline.flush(timeout)


async def flush_off_the_loop(timeout: float) -> None:
    """:func:`flush` for a coroutine: other tasks of its loop go on meanwhile."""
    pipeline = live.pipeline
    if pipeline is not None and process.on_running_loop():
        await _off_the_loop(lambda: pipeline.flush(timeout))
    elif pipeline is not None:
        guarded("flush", pipeline.flush, timeout)


async def shutdown_tracing(timeout: float = 5.0) -> Receipt | None:
    """Deliver what is left and switch tracing off; the waiting happens off the event loop.

    Args:
        timeout: seconds at the most.

    Returns:
        The last receipt; None where tracing was off.
    """
    pipeline = live.pipeline
    live.tracer, live.pipeline, live.undecided = None, None, True
    if pipeline is None:
        return None
    return await _off_the_loop(lambda: pipeline.shutdown(timeout))


async def _off_the_loop(wait: Callable[[], Receipt]) -> Receipt | None:
    import asyncio
    import threading

    loop = asyncio.get_running_loop()
    done: asyncio.Future[Receipt | None] = loop.create_future()

    def settle(receipt: Receipt | None) -> None:
        if not done.done():
            done.set_result(receipt)

    def run() -> None:
        receipt = None
        with Guard("shutdown"):
            receipt = wait()
        # A loop that was closed meanwhile has nobody left to tell.
        with Guard("shutdown after the loop"):
            loop.call_soon_threadsafe(settle, receipt)

    try:
        # Not the loop's executor: asyncio.run would wait for its threads without a deadline.
        threading.Thread(target=run, name="mutagent-shutdown", daemon=True).start()
    except RuntimeError:
        run()  # no threads here: a wait with a bound is the lesser evil
    return await done


def after_fork_in_child() -> None:
    """In a forked child: spans under way belong to the parent, and delivery starts anew with the first span."""
    _decider.clear()
    tracer = live.tracer
    if tracer is None or live.pipeline is None:
        return
    from mutagent.export.pipeline import Pipeline

    tracer.forget_open_spans()
    if isinstance(live.pipeline, Pipeline):
        pipeline = Pipeline(tracer.settings)
        _introduce(pipeline, tracer)
        live.pipeline = pipeline
        tracer.give_to(pipeline)
