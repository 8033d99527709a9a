"""The services of the matrix: one address for the whole row, behind which things change."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.row import Service
from tests.servers.collector import Collector

# Linux gives those from 32768 on, others from 49152 on.
_NOT_GIVEN_TO_CONNECTIONS = (20_000, 32_000)
_GARBAGE = b"\x00\xff not HTTP at all \r\n\r\n" * 20


def free_port() -> int:
    """A port on loopback that nobody listens on, and that no connection is given meanwhile: it must stay free."""
    while True:
        port = random.SystemRandom().randrange(*_NOT_GIVEN_TO_CONNECTIONS)
        with socket.socket() as found:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def served(service: Service, port: int) -> Iterator[Collector | None]:
    """The service at this port; its collector, where it is one."""
    if service.kind == "collector":
        with Collector(service.answers, service.then, service.max_spans, service.dialect, port) as collector:
            yield collector
        return
    with (
        _bound(port) as listener,
        {"refusing": _refusing, "unreachable": _full, "garbage": _babbling}[service.kind](listener),
    ):
        yield None


def _bound(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


@contextmanager
def _refusing(listener: socket.socket) -> Iterator[None]:
    yield  # bound but not listening: the port is ours, and a connection is refused


@contextmanager
def _full(listener: socket.socket) -> Iterator[None]:
    """Nobody accepts and the backlog is full: the kernel drops whoever else asks, as a dead route would."""
    listener.listen(0)
    waiting = [socket.socket() for _ in range(4)]
    for each in waiting:
        each.setblocking(False)
        each.connect_ex(listener.getsockname())
    yield
    for each in waiting:
        each.close()


@contextmanager
def _babbling(listener: socket.socket) -> Iterator[None]:
    listener.listen(16)

    def babble() -> None:
        while True:
            try:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1)
                    connection.sendall(_GARBAGE)
            except OSError:
                if listener.fileno() < 0:
                    return

    thread = threading.Thread(target=babble, daemon=True)
    thread.start()
    yield
    # A shutdown wakes the thread that waits in accept(); a close alone would not.
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
