"""The vocabulary in which a library is described. It is closed and small: the engine knows nothing else.

A spec is data and pure functions. It never imports the library it describes, and its functions take what the library
takes and gives: they read fields with :mod:`mutagent.capture.plain`, which serves dicts and models alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Protocol

from mutagent.integrations.description import description
from mutagent.integrations.exchange import Request as Request
from mutagent.integrations.exchange import Response as Response
from mutagent.integrations.exchange import Usage as Usage

Modules = tuple[str, ...]


class Chunks(Protocol):
    """Folds the chunks of one stream: takes text and counts at once and keeps no chunk."""

    def feed(self, chunk: Any) -> None:
        """Take what one chunk says."""

    def response(self) -> Response:
        """What the chunks so far amount to."""


@description(eq=False)
class Target:
    """One method or function that makes one model request.

    Args:
        modules: where it may stand, newest library version first; the first that has it is patched.
        path: its path inside the module, such as ``"Completions.create"``.
        kind: the span's kind.
        operation: OpenTelemetry's ``gen_ai.operation.name``; the span is called ``"<operation> <model>"``.
        request: arguments by name and the object called on → :class:`Request`.
        response: what came back → :class:`Response`.
        chunks: makes the accumulator of a streamed answer.
        parameters: names of positional arguments, where a library takes them by position.
        ask_usage: arguments → arguments that ask a stream for its usage, or None where there is nothing to ask.
        hides: whether a chunk only came because ``ask_usage`` asked for it.
        response_to: what came back and the :class:`Request` → :class:`Response`, in place of ``response``: an answer
            may name parts of what was asked for by their place, as a reranker does with documents.
        covers: whether it makes its requests through other targets of its kind, and all of them belong to its span.
        stream_at: the key under which an answer that is a dict holds its stream, where one was asked for.
        beside_stream: what such an answer says beside its stream, as attributes.
        body_at: the key under which an answer that is a dict holds a body that can be read once; ``response`` is given
            the answer with the bytes that the program has read in the body's place.
        inner: other targets make their requests by it: it is part of the span of such a one, where that is open.
        later: calling it gives a coroutine, though neither its class nor itself says so.
        plain: its arguments are data as a rule, and its answers models of a body of JSON: ``request`` may be given a
            copy of the arguments, in which models are dicts, and the client's address in place of the object called on,
            and ``response`` what the body holds, after the call and on another thread. See
            :mod:`mutagent.integrations.frozen`.
    """

    modules: Modules
    path: str
    kind: str
    operation: str
    request: Callable[[dict[str, Any], Any], Request]
    response: Callable[[Any], Response] | None = None
    chunks: Callable[[], Chunks] | None = None
    parameters: tuple[str, ...] = ()
    ask_usage: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None
    hides: Callable[[Any], bool] | None = None
    covers: bool = False
    stream_at: str | None = None
    response_to: Callable[[Any, Request], Response] | None = None
    beside_stream: Callable[[Any], Mapping[str, Any]] | None = None
    body_at: str | None = None
    inner: bool = False
    later: bool = False
    plain: bool = False

    @property
    def is_async(self) -> bool:
        """Whether calling it gives a coroutine; libraries say so in the class's name, decorated methods don't tell."""
        return self.later or self.path.startswith("Async") or self.path.rpartition(".")[2].startswith("a_")


@description(eq=False)
class Dispatch:
    """One method through which calls of several kinds go, and through which others go that are not traced.

    Args:
        targets: the kinds; all of the same modules, path and parameters.
        choose: arguments by name and the object called on → one of ``targets``, or None where the call is none of them.
    """

    targets: tuple[Target, ...]
    choose: Callable[[dict[str, Any], Any], Target | None]

    @property
    def modules(self) -> Modules:
        """Where the one method may stand."""
        return self.targets[0].modules


@description(eq=False)
class Manager:
    """A method that returns an object which sends the request later: a context manager when it is entered.

    Args:
        call: the method, as a :class:`Target`; its arguments are the request's.
        modules: where the object's class stands.
        enter: path of its method that sends the request, such as ``__enter__``; None of a manager of contextlib's own.
        stream: attribute of what that returns which holds the raw stream; None where it returns the answer itself.
    """

    call: Target
    modules: Modules
    enter: str | None
    stream: str | None


@description(eq=False)
class Moment:
    """What one event of a session means for its responses.

    Args:
        kind: ``"asked"``, a response that has no id yet; ``"begun"``; ``"said"``, a piece; ``"over"``; ``"refused"``,
            what was asked first; ``"told"``, of the session; ``"beside"``, another model's work that nobody asks for.
        key: the response's id.
        request, response: what it was asked for, and what it amounts to; of what is ``"told"``, its attributes.
        of: kind and operation of the span, where they are not those of the session's responses.
    """

    kind: str
    key: str | None = None
    request: Request | None = None
    response: Response | None = None
    of: tuple[str, str] | None = None


class Events(Protocol):
    """Follows the events of one session. It is given what the session was asked for."""

    def sent(self, event: Any) -> Moment | None:
        """What an event of the program's means."""

    def received(self, event: Any) -> Moment | None:
        """What an event of the provider's means."""

    def so_far(self, key: str) -> Response:
        """What a response amounts to that was never over."""


@description(eq=False)
class Session:
    """A connection over which responses are asked for and come as events: a span for it, and one for each response.

    Args:
        call: the method that makes the connection's manager; its arguments are the session's request.
        response: kind and operation of a response's span.
        modules: where the classes of manager and connection stand.
        enters: paths of the methods that connect; none of a manager of contextlib's own.
        connection: path of the connection's class.
        sends, parse, close: methods that take an event from the program, make one of what came, and end the session.
        events: makes what follows the events, of the session's request and the resource called on.
    """

    call: Target
    response: tuple[str, str]
    modules: Modules
    enters: tuple[str, ...]
    connection: str
    events: Callable[[Request, Any], Events]
    sends: tuple[str, ...] = ("send",)
    parse: str = "parse_event"
    close: str = "close"


@description(eq=False)
class Close:
    """A method by which a program leaves a stream early.

    Args:
        modules, path: where its class stands, and the method, such as ``"Stream.close"``.
        stream: attribute that holds the raw stream, where the object is a wrapper around it.
    """

    modules: Modules
    path: str
    stream: str | None = None


@description(eq=False)
class Iteration:
    """A class of streams whose pieces are made of what their inner iterator gives, by a new generator each time.

    What that generator gives is watched, not what the inner iterator does.

    Args:
        modules, path: where the class stands, and its ``__iter__`` or ``__aiter__``.
    """

    modules: Modules
    path: str

    @property
    def class_name(self) -> str:
        """The stream's class, by which the engine knows one."""
        return self.path.partition(".")[0]


@description(eq=False)
class Raw:
    """How a library's raw response is read without consuming it.

    Args:
        modules: where its class stands.
        parse: path of the method that turns it into a model or a stream.
        close: path of the method that releases it, where there is one.
    """

    modules: Modules
    parse: str
    close: str | None = None

    @property
    def class_name(self) -> str:
        """The response's class, by which the engine knows one."""
        return self.parse.partition(".")[0]


@description(eq=False)
class Alias:
    """Another place that copied a target's method when it was imported; patched like the target itself."""

    modules: Modules
    path: str
    of: Target


@description(eq=False)
class Rebind:
    """A module's function that is a method of some default object, bound when the module was imported.

    Where that was before the method was patched, the name is bound anew.
    """

    modules: Modules
    path: str


@description(eq=False)
class Install:
    """A framework with an official hook: ``install()`` registers with it and returns what takes that back."""

    modules: Modules
    name: str
    install: Callable[[Any], Callable[[], None]]


@description(eq=False)
class Part:
    """Pieces of an integration in a file of their own, which is loaded when one of their modules is imported.

    For a library that imports its own parts when they are used: what a program does not use is not loaded.

    Args:
        modules: where the pieces stand.
        place: ``package.module:NAME`` of the tuple of them.
    """

    modules: Modules
    place: str

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The pieces, for which the file is loaded."""
        module, _, name = self.place.partition(":")
        found: tuple[Piece, ...] = getattr(import_module(module), name)
        return found


Piece = Target | Dispatch | Manager | Session | Close | Iteration | Raw | Alias | Rebind | Install


def no_error_facts(error: BaseException) -> Mapping[str, Any]:
    """For libraries whose exceptions carry nothing but a message."""
    return {}


@description(eq=False)
class Integration:
    """One library: what it is called, which versions are supported, and what is traced of it.

    Args:
        name: what users call it in ``MUTAGENT_INSTRUMENT`` and ``instrument()``.
        distribution: its name on the package index.
        versions: the supported range, as a PEP 440 specifier.
        pieces: what is patched.
        traces: what is traced of it, in the library's own words; the table of integrations is made of it.
        leaves: what of it makes model requests and is not traced; empty where nothing is left.
        error: an exception of the library → attributes (status code, the provider's code, request id), and its
            ``exception.message`` where the class keeps its words elsewhere than in the arguments.
        client: attribute by which a resource knows its client; tracing of single clients asks it.
        iterator: attribute in which the library's streams keep the iterator that they read from.
        decodes: whether that iterator does nothing but decode: it runs no code of the program's, and makes no calls.
        copies: methods of the client class that make another client, such as ``copy``.
        parts: pieces that are loaded with modules of the library; ``pieces`` then are about what these give back, and
            are patched with the first of them.
        carries: whether its calls are made by other clients, which may be traced as well, or by other functions of its
            own: what those do beneath a call belongs to the call's span, however often it is tried.
    """

    name: str
    distribution: str
    versions: str
    pieces: tuple[Piece, ...]
    traces: str = ""
    leaves: str = ""
    error: Callable[[BaseException], Mapping[str, Any]] = no_error_facts
    client: str = "_client"
    iterator: str = "_iterator"
    decodes: bool = False
    copies: tuple[tuple[Modules, str], ...] = ()
    carries: bool = False
    parts: tuple[Part, ...] = ()

    @property
    def all_pieces(self) -> tuple[Piece, ...]:
        """Its pieces and those of its parts, which are loaded for it."""
        return (*self.pieces, *(piece for part in self.parts for piece in part.pieces))

    @property
    def modules(self) -> list[str]:
        """The modules in which its pieces may stand, each once, the newest version's first."""
        placed = [place for piece in self.pieces for place in (piece, getattr(piece, "call", piece))]
        return list(dict.fromkeys(module for place in (*self.parts, *placed) for module in place.modules))
