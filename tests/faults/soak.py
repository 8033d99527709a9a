"""A day in small: what programs leave behind, again and again, must not add up.

    python -m tests.faults.soak [--minutes 3] [--status 200]

Calls a real OpenAI client against a stand-in provider: streams abandoned, tasks cancelled, threads dying, sessions
nested, spans never ended. Memory, threads and file handles must be flat; the exit code is 1 where they are not.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[2])

from mutagent import tracing
from mutagent.auto import hooks
from mutagent.demo.provider import Provider, Reply, Rule, Script
from mutagent.tracing import SpanOptions, runtime
from tests.servers.collector import Answer, Collector

# Caches fill and the allocator settles in the first rounds; growth is what comes after them.
_WARM_UP, _ROUNDS = 10, 30
# The servers live in this process too: a connection that is open at one look and not at the other is two handles and
# a thread. What is left behind each round would be thirty.
_ALLOWED = (8.0, 3_000, 3, 6, 0)
_HI = [{"role": "user", "content": "Hi " * 200}]


class Level(NamedTuple):
    """What a process holds."""

    mb: float
    objects: int
    threads: int
    handles: int
    open_spans: int


def level() -> Level:
    """What this process holds now, garbage apart."""
    gc.collect()
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    tracer = runtime.live.tracer
    mb, threads = int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"])
    return Level(
        mb, sys.getallocatedblocks(), threads, len(os.listdir("/proc/self/fd")), len(tracer.open) if tracer else 0
    )


class ForgetfulProvider(Provider):
    """Answers, and keeps no journal: what it kept would be taken for growth of the program's."""

    def call(self, *given: Any) -> Any:
        self.journal.clear()
        self.responses.clear()
        return super().call(*given)


class ForgetfulCollector(Collector):
    """Takes spans and keeps none."""

    def take(self, headers: dict[str, str], body: Any) -> Any:
        taken = super().take(headers, body)
        self.requests.clear()
        self._stored.clear()
        return taken


def streams_abandoned(client: Any) -> None:
    """Streams read in part and dropped."""
    for _ in range(5):
        next(iter(client.chat.completions.create(model="m", messages=_HI, stream=True)))


def async_streams_abandoned(client: Any) -> None:
    """The same of an async client, whose loop ends with them unread."""
    import openai

    async def main() -> None:
        # The client's own generators complain of being closed out of order, with or without us.
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        async with openai.AsyncOpenAI(base_url=client.base_url, api_key="k", max_retries=0) as asynchronous:
            for _ in range(3):
                stream = await asynchronous.chat.completions.create(model="m", messages=_HI, stream=True)
                await stream.__anext__()

    asyncio.run(main())


def generators_abandoned(client: Any) -> None:
    """Decorated generators left after their first value."""

    @tracing.trace(name="generator")
    def count() -> Iterator[int]:
        yield from range(10)

    for _ in range(5):
        next(count())


def tasks_cancelled(client: Any) -> None:
    """Calls cancelled on their way."""
    import openai

    async def main() -> None:
        async with openai.AsyncOpenAI(base_url=client.base_url, api_key="k", max_retries=0) as asynchronous:
            create = asynchronous.chat.completions.create
            tasks = [asyncio.ensure_future(create(model="m", messages=_HI)) for _ in range(5)]
            await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(main())


def threads_dying(client: Any) -> None:
    """Threads that end by an exception in the middle of a span."""

    def die() -> None:
        kept = tracing.start_span(SpanOptions(kind="custom", name="dying"))  # noqa: F841 - held to the thread's end
        sys.exit(1)

    threads = [threading.Thread(target=die) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def sessions_nested(client: Any) -> None:
    """Sessions in sessions, with a call in the innermost."""
    with tracing.session("outer", tags=["a"]), tracing.session("inner", metadata={"depth": 2}):
        client.chat.completions.create(model="m", messages=_HI)


def spans_never_ended(client: Any) -> None:
    """Spans started and dropped."""
    for _ in range(20):
        tracing.start_span(SpanOptions(kind="custom", name="forgotten"))


SCENES = (
    streams_abandoned,
    async_streams_abandoned,
    generators_abandoned,
    tasks_cancelled,
    threads_dying,
    sessions_nested,
    spans_never_ended,
)


@contextmanager
def _client() -> Iterator[Any]:
    import openai

    with (
        ForgetfulProvider(Script([Rule(Reply("one two three four five six seven"))])) as provider,
        openai.OpenAI(base_url=provider.openai_url, api_key="k", max_retries=0) as client,
    ):
        yield client


@contextmanager
def _tracing(answer: Answer) -> Iterator[None]:
    with TemporaryDirectory() as home, ForgetfulCollector(then=answer) as collector:
        hooks.install()
        tracing.init_tracing(endpoint=collector.url, home=home, local=False)
        yield
        asyncio.run(tracing.shutdown_tracing())
        hooks.uninstall()


def soak(seconds: float = 0.0, answer: Answer | None = None) -> tuple[int, Level, Level]:
    """Play all scenes, at least thirty times and for so many seconds.

    Returns:
        How many objects a round leaves behind without tracing (the client's and the stand-in's own), and what the
        process held with tracing after the first ten rounds, and at the end, those of the rounds between taken off.
    """
    os.environ["MUTAGENT_LOCAL"] = "0"  # nothing is to be recorded until it is asked for, on a terminal neither
    with _client() as client:
        _play(client, _WARM_UP)
        alone = level()
        _play(client, _ROUNDS)
        own = (level().objects - alone.objects) // _ROUNDS
        with _tracing(answer or Answer()):
            _play(client, _WARM_UP)
            before, rounds = level(), _ROUNDS
            until = time.monotonic() + seconds
            _play(client, _ROUNDS)
            while time.monotonic() < until:
                _play(client, 10)
                rounds += 10
            after = level()
            return own, before, after._replace(objects=after.objects - own * rounds)


def _play(client: Any, rounds: int) -> None:
    for _ in range(rounds):
        for scene in SCENES:
            scene(client)
        tracing.flush(5)
    gc.collect()  # or the clients' own cycles wait for the collector's turn, and memory is what it was at their most


def growth(own: int, before: Level, after: Level) -> list[str]:
    """What has grown, one line each."""
    return [
        f"{name}: {first:.0f}, later {last:.0f}"
        for name, first, last, more in zip(Level._fields, before, after, _ALLOWED, strict=True)
        if last > first + more
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run, print what was held before and after, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0, help="how long, beyond the first rounds (3)")
    parser.add_argument("--status", type=int, default=200, help="what the service answers (200)")
    given = parser.parse_args(arguments)
    own, before, after = soak(60 * given.minutes, Answer(given.status))
    print(f"before {before}\nafter  {after} and {own} objects a round that there are without tracing")
    grown = growth(own, before, after)
    print("\n".join(f"UNEXPECTED {line}" for line in grown) or "Flat.")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
