"""What the contract is asked of: a method that makes model requests, what it takes, and what must be seen of it."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.integrations.situations import Serve, Situation
from tests.integrations.ways import WAYS, Way

KEY = "key-of-the-test"
Client = Callable[[Way, str, dict[str, Any]], Any]


def generated_client(library: str, name: str, path: str = "") -> Client:
    """Makes the clients of a generated library (openai, anthropic, groq …).

    Args:
        library: the module that has the client's class.
        name: the class; that of the async client begins with ``Async``.
        path: what its base URL has beyond the server's root.
    """

    def client(way: Way, url: str, options: dict[str, Any]) -> Any:
        cls = getattr(importlib.import_module(library), way.parts["Async"] + name)
        return cls(**{"base_url": url + path, "api_key": KEY, "max_retries": 0, **options})

    return client


# What all surfaces of a generated library have in common.
GENERATED: dict[str, Any] = {
    "generated": True,
    "retrying": {"max_retries": 2},
    "secrets": {
        "extra_headers": {"x-secret": "header-secret", "authorization": "Bearer header-secret"},
        "extra_query": {"token": "query-secret"},
        "timeout": 5.0,
    },
}


def dumped(value: Any) -> Any:
    """A result in a form that can be compared: models as the dicts that they dump."""
    dump = getattr(value, "model_dump", None)
    return value if dump is None else dump()


@dataclass(frozen=True)
class Refusal:
    """What a program and its span get where the provider says no.

    Args:
        error: full name of the exception that the client raises.
        attributes: what the span says of it, beside ``error.type``.
        message: the message as it is recorded, where the exception's ``str()`` says more.
        arguments: what makes the call refused, where no server does.
    """

    error: str
    attributes: dict[str, Any] = field(default_factory=dict)
    message: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Surface:
    """One method of one library, and how the contract makes use of it.

    In names, ``{Async}``, ``{_async}`` and ``{a}`` stand for these letters in async code and for nothing in sync code:
    ``{Async}Client.chat``, ``chat.complete{_async}``, ``{a}completion``. ``{aio}`` stands for the package ``.aio``.

    Args:
        integration: its name in the registry.
        name: what to call this surface; one of its kind within the integration.
        library: the module without which nothing runs; where it can't be imported the surface is skipped.
        client: (way, root URL of the server, options) → a client. The key is :data:`KEY`; no retries, unless the
            options say otherwise.
        method: path from the client to the method.
        stands: where the patched attribute is, ``module:Class.method`` or ``module:function``; newest version first.
        arguments: what it is called with, by name.
        serve: the server in each situation; :data:`~tests.integrations.canned.EMBEDDED` where the library needs none.
        refusal: what comes of an error of the provider's.
        broken: full names of the exceptions that a broken connection may raise, or None where there is none to break.
        whole: the span of the call; None for a method that only streams.
        streaming: arguments that make it stream.
        streamed: the span of the streamed call, read to its end; None for a method that never streams.
        left: the span of a stream that was left after two pieces, as far as it differs by what had arrived.
        ways: sync, async or both.
        generated: a client of the Stainless generator: raw responses, ``copy()``, ``with_options()``.
        retrying: client options with which it tries a request up to twice more.
        secrets: arguments that carry the words ``header-secret`` and ``query-secret``.
        lazy: the request is sent when the stream is first read, not by the call.
        failed: attributes that a call without an answer has beside those of its request.
        of_answer: further attributes that come with an answer, so that a failed call lacks them.
        stream_in: the stream in what the call gave.
        open: (way, client) → awaitable that connects it, where it does not do that by itself.
        close: (way, client) → awaitable that closes it; by default what the client has.
        plain: (result or piece of a stream) → what of it must be the same with and without us.
        here: (a span) → the span as the installed version of the library can give it.
        inapplicable: names of the contract's tests that can't be asked of this surface → the reason why.
    """

    integration: str
    name: str
    library: str
    client: Client
    method: str
    stands: tuple[str, ...]
    arguments: dict[str, Any]
    serve: Serve
    refusal: Refusal
    broken: tuple[str, ...] | None = None
    whole: dict[str, Any] | None = None
    streaming: dict[str, Any] = field(default_factory=dict)
    streamed: dict[str, Any] | None = None
    left: dict[str, Any] | None = None
    ways: tuple[Way, ...] = WAYS
    generated: bool = False
    retrying: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)
    lazy: bool = False
    failed: dict[str, Any] = field(default_factory=dict)
    of_answer: tuple[str, ...] = ()
    stream_in: Callable[[Any], Any] = lambda answer: answer
    open: Callable[[Way, Any], Any] | None = None
    close: Callable[[Way, Any], Any] | None = None
    plain: Callable[[Any], Any] = dumped
    here: Callable[[dict[str, Any]], dict[str, Any]] = lambda span: span
    inapplicable: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.integration} {self.name}"

    @property
    def span(self) -> dict[str, Any]:
        """The span of the plain call: streamed and read out, where it only streams."""
        found = self.streamed if self.whole is None else self.whole
        assert found is not None
        return found

    def meets(self, situation: Situation) -> bool:
        """Whether this situation can be made."""
        streams = situation not in (Situation.CUT, Situation.HUNG, Situation.FAILED) or self.streamed is not None
        return streams and self.serve.meets(situation)

    def require(self) -> None:
        """Skip the test where the library is not installed."""
        if self.library in sys.modules:
            return
        pytest.importorskip(self.library)
        # Modules are never garbage. Every collection, of which tests of forgotten streams ask for one, would walk
        # through all libraries there are; what is garbage already goes first.
        gc.collect()
        gc.freeze()

    def make(self, way: Way, url: str, **options: Any) -> Any:
        """A client of the server at ``url``; skips where the installed version lacks the method."""
        client = self.client(way, url, options)
        if attribute(client, way.spelled(self.method)) is None:
            pytest.skip(f"the installed {self.library} has no {self.method}")
        return client

    def bound(self, way: Way, client: Any) -> Any:
        """The method, bound to a client."""
        return attribute(client, way.spelled(self.method))

    async def call(self, way: Way, client: Any, **more: Any) -> Any:
        """Call the method with its arguments and ``more``; what it gives is not read."""
        return await way.call(self.bound(way, client), **{**self.arguments, **more})

    async def complete(self, way: Way, client: Any, **more: Any) -> Any:
        """Call the method and read what it gives: the answer, or the pieces of one that only streams."""
        answer = await self.call(way, client, **more)
        return answer if self.whole is not None else await way.rest(self.stream_in(answer))

    def plainly(self, completed: Any) -> Any:
        """What :meth:`complete` gave, in a form that can be compared."""
        return self.plain(completed) if self.whole is not None else [self.plain(piece) for piece in completed]

    async def stream(self, way: Way, client: Any) -> Any:
        """Call the method for a stream, and return that unread."""
        return self.stream_in(await self.call(way, client, **self.streaming))

    async def begun(self, way: Way, client: Any) -> tuple[Any, Any]:
        """A stream of which two pieces are read, and the iterator that goes on with it."""
        stream = await self.stream(way, client)
        pieces = way.iterator(stream)
        await way.next(pieces)
        await way.next(pieces)
        return stream, pieces

    def holder(self, way: Way) -> tuple[Any, str]:
        """The class or module that has the patched attribute, and the attribute's name."""
        self.require()
        for place in self.stands:
            name, _, path = way.spelled(place).partition(":")
            *owners, last = path.split(".")
            try:
                found: Any = importlib.import_module(name)
            except ImportError:
                continue
            for owner in owners:
                found = vars(found).get(owner)
            if found is not None and hasattr(found, last):
                return found, last
        pytest.skip(f"the installed {self.library} has no {self.method}")


def attribute(client: Any, path: str) -> Any:
    """What stands at the end of a dotted path; None where there is no such thing."""
    for name in path.split("."):
        client = getattr(client, name, None)
    return client
