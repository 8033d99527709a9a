"""Programs under test that record spans, run as real processes against a stand-in service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.trust import NOBODY

ROOT = Path(__file__).parents[2]
# Generous: it only ends a test that hangs.
DEADLINE = 60

HEAD = """\
import os, sys, threading, time
from mutagent.tracing import SpanOptions, end_span, flush, init_tracing, start_span, trace
init_tracing(service="app")

@trace(kind="tool")
def work(name):
    return name

@trace(kind="tool")
def broken():
    raise ValueError("broken")

def ready():
    print(time.monotonic(), flush=True)

def main():
"""
# Delivers what an earlier program has left in the spool: the spool's turn comes after a success.
NEXT = """
import asyncio
from mutagent.tracing import SpanOptions, end_span, init_tracing, shutdown_tracing, start_span
init_tracing()
end_span(start_span(SpanOptions(kind="custom", name="next process")))
asyncio.run(shutdown_tracing(timeout=60))
"""
FOOT = """
if __name__ == "__main__":
    main()
"""


@dataclass
class Ended:
    """How a program ended; ``exit_seconds`` counts from its last ``ready()``."""

    code: int
    out: str
    err: str
    exit_seconds: float

    @property
    def complaints(self) -> str:
        """What it wrote on stderr, without what we say where a busy machine leaves too little time for delivery."""
        return "".join(line for line in self.err.splitlines(True) if not line.startswith("mutagent: delivery to "))


class Program:
    """One program in its own directory, with its own home.

    Args:
        directory: where it lies and runs.
        body: what its main function does.
        variables: its environment, beside the endpoint and the key.
    """

    def __init__(self, directory: Path, body: str, endpoint: str | None, **variables: str) -> None:
        self.home = directory / "home"
        self.path = directory / "app.py"
        self.path.write_text(HEAD + textwrap.indent(textwrap.dedent(body), "    ") + FOOT)
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("MUTAGENT", "AWS_", "PYTHON"))}
        ours = {"PYTHONPATH": str(ROOT), "MUTAGENT_HOME": str(self.home), "PYTHONWARNINGS": "error"}
        if endpoint is not None:
            ours |= {"MUTAGENT_ENDPOINT": endpoint, "MUTAGENT_API_KEY": "mt_secret0key0of0tests"}
        self.variables = {**kept, **NOBODY, **ours, **variables}
        # Whether spans had to wait for another process: what was sent but not answered in time comes again.
        self.delayed = False

    def start(self) -> subprocess.Popen[str]:
        """Start it and leave it running."""
        return subprocess.Popen(
            [sys.executable, str(self.path)],
            env=self.variables,
            cwd=self.path.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, kill: signal.Signals | None = None) -> Ended:
        """Run it to its end; with ``kill``, send it that signal once it has said ``ready()``."""
        with self.start() as process:
            assert process.stdout is not None
            head = process.stdout.readline() if kill is not None else ""
            if kill is not None:
                process.send_signal(kill)
            try:
                out, err = process.communicate(timeout=DEADLINE)
            finally:
                process.kill()
            ended = time.monotonic()
        times = [float(line) for line in (head + out).split("\n") if line.replace(".", "", 1).isdigit()]
        return Ended(process.returncode, head + out, err, ended - times[-1] if times else 0.0)

    def spooled(self) -> int:
        """Spans in its spool."""
        return sum(int(path.stem.split("-")[-1]) for path in (self.home / "spool").rglob("*.spans"))

    def arrived(self, collector: Any) -> list[str]:
        """The names of the spans that a healthy service has, sorted.

        Those for which the bound of the exit was too short, on a busy machine, lie in the spool: they are not lost, and
        another process brings them.
        """
        if self.spooled():
            self.delayed = True
            subprocess.run([sys.executable, "-c", NEXT], env=self.variables, check=True, timeout=2 * DEADLINE)
        return [name for name in names(collector) if name != "next process"]

    def receipts(self) -> list[dict[str, Any]]:
        """What its processes left behind."""
        return [json.loads(path.read_text()) for path in sorted((self.home / "receipts").glob("*.json"))]


def names(collector: Any) -> list[str]:
    """The names of the spans that a collector has, sorted."""
    return sorted(span["name"] for span in collector.spans())
