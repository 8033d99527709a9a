"""A Weaviate on loopback: its REST API says what it is, its gRPC API answers searches with what was written down."""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mutagent.demo.loopback import LoopbackHandler, LoopbackServer
from tests.integrations.situations import Situation

VERSION = "1.36.9"
REFUSED = ("INVALID_ARGUMENT", "That cannot be.")


class _Rest(LoopbackHandler):
    """Says which version it is; there is nobody to log in with."""

    def do_GET(self) -> None:
        known = self.path.endswith("/meta")
        body = json.dumps({"version": VERSION} if known else {"error": "There is none."}).encode()
        self.write_whole(200 if known else 404, {}, body)


class WeaviateServer:
    """Both APIs, begun.

    Args:
        reply: the answer to a search, as JSON of the client's own `SearchReply`.
        situation: how searches are answered.
        fails: so many searches find it unavailable first.
    """

    def __init__(self, reply: Mapping[str, Any], situation: Situation = Situation.ANSWERED, fails: int = 0) -> None:
        grpc = importlib.import_module("grpc")
        # Which of several generated packages it is depends on the protobuf that is installed.
        protocol = importlib.import_module("weaviate").proto.v1
        self._reply = _in_words_of(protocol, reply)
        self._situation = situation
        self._fails = fails
        self._codes = grpc.StatusCode
        self._closing = threading.Event()
        self.requests: list[Any] = []
        search = grpc.unary_unary_rpc_method_handler(
            self._search,
            protocol.search_get_pb2.SearchRequest.FromString,
            protocol.search_get_pb2.SearchReply.SerializeToString,
        )
        self._threads = ThreadPoolExecutor(4)
        self._grpc = grpc.server(self._threads)
        self._grpc.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("weaviate.v1.Weaviate", {"Search": search}),)
        )
        self._port = self._grpc.add_insecure_port("127.0.0.1:0")
        self._rest = LoopbackServer(_Rest)
        self._grpc.start()
        self._rest.start()

    @property
    def url(self) -> str:
        """The address of the REST API, with the port of the other as its path."""
        return f"{self._rest.url}/{self._port}"

    @property
    def served(self) -> int:
        """How many searches it has met."""
        return len(self.requests)

    def _search(self, request: Any, context: Any) -> Any:
        self.requests.append(request)
        if self._situation is Situation.SILENT:
            self._closing.wait()
        if self._situation is Situation.REFUSED:
            context.abort(self._codes[REFUSED[0]], REFUSED[1])
        if self.served <= self._fails:
            context.abort(self._codes.UNAVAILABLE, "Later.")
        return self._reply

    def close(self) -> None:
        """Stop both."""
        self._closing.set()
        self._grpc.stop(None).wait()
        self._threads.shutdown()
        self._rest.close()


def _in_words_of(protocol: Any, reply: Mapping[str, Any]) -> Any:
    """A reply as a message of the installed version: what that does not know is left out, or has another name."""
    text = json.dumps(reply)
    if "text_value" not in protocol.properties_pb2.Value.DESCRIPTOR.fields_by_name:
        text = text.replace('"textValue"', '"stringValue"')
    parse = importlib.import_module("google.protobuf.json_format").Parse
    return parse(text, protocol.search_get_pb2.SearchReply(), ignore_unknown_fields=True)


@dataclass(frozen=True)
class Weaviate:
    """Serves one reply in every situation that there is: a client tries a minute long where a connection breaks."""

    reply: Mapping[str, Any]

    def meets(self, situation: Situation) -> bool:
        """Whether there is such a situation here."""
        return situation in (Situation.ANSWERED, Situation.REFUSED, Situation.SILENT)

    def __call__(self, situation: Situation) -> WeaviateServer:
        """Start a server in this situation."""
        return WeaviateServer(self.reply, situation)


@contextmanager
def serving(reply: Mapping[str, Any], fails: int = 0) -> Iterator[WeaviateServer]:
    """A server that gives this reply."""
    server = WeaviateServer(reply, fails=fails)
    try:
        yield server
    finally:
        server.close()
