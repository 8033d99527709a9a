"""An HTTP/1.1 server on loopback that leaves nothing behind: no thread, no socket, no line on stderr."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Longer than any handler needs once its connection is shut down; a handler that takes longer hangs in code of its own.
_JOIN_SECONDS = 5.0
_POLL_SECONDS = 0.05


class LoopbackServer(ThreadingHTTPServer):
    """A threaded server whose :meth:`close` also ends the connections that clients keep alive.

    Handlers wait with ``server.closing.wait(seconds)`` rather than sleep, so that closing never waits for them.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler: type[BaseHTTPRequestHandler], host: str = "127.0.0.1", port: int = 0) -> None:
        self.closing = threading.Event()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._accepting = threading.Thread(target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        super().__init__((host, port), handler)

    @property
    def url(self) -> str:
        """The server's address, such as ``http://127.0.0.1:49152``."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def server_bind(self) -> None:
        # HTTPServer asks the resolver for the host's name, which may take seconds on a machine without a network.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def start(self) -> None:
        """Begin to accept connections, on a thread of the server's own."""
        self._accepting.start()

    def close(self) -> None:
        """Stop accepting, shut every connection down and wait for the threads that served them."""
        self.closing.set()
        if self._accepting.ident is not None:
            hang_up(self.socket)  # where that wakes the thread, as on Linux, it need not wait for its next look
            self.shutdown()
            self._accepting.join(_JOIN_SECONDS)
        self.server_close()
        for thread, connection in list(self._open.items()):
            hang_up(connection)
            thread.join(_JOIN_SECONDS)

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(target=self._serve_connection, args=(request, client_address), daemon=True)
        self._open[thread] = request
        thread.start()

    def _serve_connection(self, request: Any, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            self._open.pop(threading.current_thread(), None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that goes away in the middle of an answer is an everyday event, not an error of the server.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class LoopbackHandler(BaseHTTPRequestHandler):
    """One connection, kept alive between requests; writes whole answers and chunked streams."""

    server: LoopbackServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def read_body(self) -> bytes:
        """The request's body; empty where the request announces none."""
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def write_whole(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Send an answer whose length is known."""
        self.write_head(status, {"content-type": "application/json", "content-length": str(len(body)), **headers})
        self.wfile.write(body)

    def write_head(self, status: int, headers: dict[str, str]) -> None:
        """Send the status line and the headers."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def write_chunk(self, data: bytes) -> None:
        """Send one chunk of a ``transfer-encoding: chunked`` body; the empty chunk ends it."""
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def hang_up(self) -> None:
        """Close the connection without another byte."""
        self.close_connection = True
        hang_up(self.connection)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: stderr belongs to the program that is shown or tested."""


def hang_up(connection: socket.socket) -> None:
    """Shut a connection down in both directions; one that is gone already is fine."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
