"""Run a process to its end, and measure its exit and its memory."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Generous: it ends a program that hangs.
DEADLINE = 60.0
# Tracebacks may show the frames of our files, whatever stands in them.
_OUR_FRAME = re.compile(r'^  File "[^"]*/mutagent/[^"]*", line .*\n(    .*\n)*', re.MULTILINE)


@dataclass(slots=True)
class Run:
    """One process: how it ended, what it wrote, how long its exit took and how much memory it had at most."""

    code: int
    stdout: str
    stderr: str
    exit_seconds: float
    peak_mb: float

    @property
    def ours(self) -> list[str]:
        """The lines on stderr that are from us."""
        return [line for line in self.stderr.splitlines() if line.startswith("mutagent: ")]

    @property
    def visible(self) -> tuple[int, str, str]:
        """What anybody sees of it, our lines apart."""
        rest = [line for line in self.stderr.splitlines() if not line.startswith("mutagent: ")]
        return self.code, self.stdout, _OUR_FRAME.sub("", "\n".join(rest))


def run_to_end(python: str, place: Path, program: str, variables: Mapping[str, str]) -> Run:
    """Run a program.

    Args:
        python: by which interpreter.
        place: the directory it lies in, which it runs in and may note in the file ``mark`` when it begins to leave.
        program: its file's name.
        variables: its whole environment.
    """
    (place / "mark").unlink(missing_ok=True)
    with open(place / "out", "w+") as out, open(place / "err", "w+") as err:
        process = subprocess.Popen(
            [python, program], cwd=place, env=dict(variables), stdin=subprocess.DEVNULL,
            stdout=out, stderr=err, start_new_session=True,
        )  # fmt: skip
        code, ended, peak_mb = _awaited(process)
    stdout, stderr = ((place / name).read_text().replace(str(place), "PLACE") for name in ("out", "err"))
    return Run(code, stdout, stderr, ended - _mark(place / "mark", ended), peak_mb)


def _awaited(process: subprocess.Popen[bytes]) -> tuple[int, float, float]:
    """Wait for a process, or end it at the deadline: its exit code, when it ended, and its peak memory in MB."""
    deadline, peak_mb = time.monotonic() + DEADLINE, 0.0
    with _ending(process) as has_ended:
        while not has_ended(0.02):
            peak_mb = max(peak_mb, _peak_mb(process.pid))
            if time.monotonic() > deadline:
                _kill_group(process.pid)
    ended = time.monotonic()
    process.wait()
    _kill_group(process.pid)
    return process.returncode, ended, peak_mb


@contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[Callable[[float], bool]]:
    """What waits so many seconds for the process and tells whether it has ended; it wakes as soon as it does."""
    if not hasattr(os, "pidfd_open"):
        yield lambda seconds: process.poll() is not None or time.sleep(seconds / 10) is not None
        return
    watched = os.pidfd_open(process.pid)
    try:
        yield lambda seconds: bool(select.select([watched], [], [], seconds)[0])
    finally:
        os.close(watched)


def _peak_mb(pid: int) -> float:
    """What Linux remembers of a live process; rusage would count this process too, of which that one was forked."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0.0)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _mark(path: Path, ended: float) -> float:
    """When the program began to leave; where it did not say, it took no time to."""
    try:
        return float(path.read_text().split()[-1])
    except (OSError, IndexError):
        return ended
