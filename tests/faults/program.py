"""What the programs of the matrix have in common. They run with and without tracing and must not notice which."""

from __future__ import annotations

import os
import subprocess
import time
from typing import Any

import httpx  # noqa: F401 - a program with an LLM client has loaded it, and unloads it at its exit

from mutagent import tracing
from mutagent.tracing import SpanOptions


def work(count: int = 1, label: str = "span", pause: float = 0.0) -> None:
    """End ``count`` spans, ``pause`` seconds after one another."""
    for number in range(count):
        tracing.end_span(opened(f"{label} {number}"))
        time.sleep(pause)


def opened(name: str = "open") -> Any:
    """A span that nobody has ended yet; None without tracing."""
    return tracing.start_span(SpanOptions(kind="custom", name=name))


def settle(seconds: float = 1.0) -> None:
    """Live for a while: what loads at the first span is loaded then, as in any program that has done something."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(min(0.05, seconds))  # naps: a signal just before one long sleep would wait for its end


def leaving(after: float = 0.0) -> None:
    """Note the time: from now on (or from ``after`` seconds on) whatever takes long is the exit."""
    with open(os.environ["FAULTS_MARK"], "a") as file:
        file.write(f"{time.monotonic() + after}\n")


def signal_soon(name: str, after: float = 0.5) -> None:
    """Have another process send this one a signal, as a supervisor would."""
    leaving(after)
    subprocess.Popen(["/bin/sh", "-c", f"sleep {after}; kill -{name} {os.getpid()}"])
