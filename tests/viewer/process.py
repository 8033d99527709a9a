"""``mutagent view`` as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 15
INDEX_SECONDS = 60


@dataclass
class Running:
    """A viewer that answers: its process, its address without a slash at the end, and what it printed first."""

    process: subprocess.Popen[str]
    address: str
    said: str

    def stop(self, sign: int = signal.SIGINT) -> int:
        """Send the signal and return the exit code."""
        self.process.send_signal(sign)
        return self.process.wait(STOP_SECONDS)

    def post(self, *traces: dict[str, Any]) -> dict[str, Any]:
        """Send traces, as a program does."""
        body = json.dumps({"traces": traces}).encode()
        request = urllib.request.Request(f"{self.address}/api/traces/batch", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def wait_for(self, traces: int) -> None:
        """Wait until so many traces are listed; the index comes a moment after the store."""
        deadline, address = time.monotonic() + INDEX_SECONDS, f"{self.address}/api/traces/?limit=500"
        while time.monotonic() < deadline:
            # Refused while there is no index yet.
            with suppress(urllib.error.HTTPError), urllib.request.urlopen(address, timeout=30) as answer:
                if len(json.load(answer)["data"]) >= traces:
                    return
            time.sleep(0.05)
        raise AssertionError(f"{traces} traces were not listed within {INDEX_SECONDS} s")


def environment(**more: str) -> dict[str, str]:
    """This environment without settings of ours, with the checkout importable."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MUTAGENT_")}
    return {**clean, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **more}


@contextmanager
def running(home: Path, *arguments: str, **variables: str) -> Iterator[Running]:
    """Run the viewer over a store, on some free port unless told, and end it whatever happens."""
    port = [] if "--port" in arguments else ["--port", "0"]
    command = [sys.executable, "-m", "mutagent", "view", "--no-open", "--home", str(home), *port, *arguments]
    process = subprocess.Popen(
        command, env=environment(**variables), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        if not said:
            raise AssertionError(process.communicate(timeout=STOP_SECONDS)[1])
        address = said.split()[2].partition("?")[0].rstrip("/")
        yield Running(process, address, said)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
