"""Ask questions in a child interpreter, so that what breaks there breaks nothing here, and ends in time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# An answer is a line of stdout that begins so; what libraries print goes to stderr meanwhile. The current directory
# goes off sys.path: a types.py or openai.py there is the user's program, and running that is not our business.
_MARK = "\x1e"
_PREAMBLE = """\
import sys
if sys.path and sys.path[0] == "":
    del sys.path[0]
import json, os
_answers = os.fdopen(os.dup(1), "w", encoding="utf-8", closefd=False)
os.dup2(2, 1)
def answer(**facts):
    _answers.write("\\x1e" + json.dumps(facts) + "\\n")
    _answers.flush()
"""
# A killed process that does not go away (its disk hangs) is left to the system.
_GRACE_SECONDS = 1.0
_MOST_SAID = 300


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child ended.

    ``answers`` is what it had answered so far, later answers over earlier ones; ``exit_code`` is None where it had to
    be killed for the time; ``said`` is the last line it wrote to stderr.
    """

    answers: dict[str, Any]
    exit_code: int | None
    said: str

    @property
    def ended(self) -> str:
        """The way it ended, in words, with what it said last."""
        return f"{self._way}: {self.said}" if self.said else self._way

    @property
    def _way(self) -> str:
        if self.exit_code is None:
            return "did not come to an end in time"
        if self.exit_code >= 0:
            return f"ended with exit code {self.exit_code}"
        try:
            return f"was killed by {signal.Signals(-self.exit_code).name}"
        except ValueError:
            return f"was killed by signal {-self.exit_code}"


def ask(
    code: str, arguments: Sequence[str], environ: Mapping[str, str], seconds: float, *, flags: Sequence[str]
) -> Outcome:
    """Run code in a fresh interpreter.

    Args:
        code: Python; it calls ``answer(name=value, ...)`` as often as it likes.
        arguments: its ``sys.argv[1:]``.
        environ: its environment.
        seconds: after which it is killed, with the processes it started.
        flags: of the interpreter.

    Raises:
        OSError: where the interpreter can't be started.
    """
    child = subprocess.Popen(
        [sys.executable, *flags, "-c", _PREAMBLE + code, *arguments],
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        written, said = child.communicate(timeout=seconds)
        exit_code: int | None = child.returncode
    except subprocess.TimeoutExpired:
        written, said = _killed(child)
        exit_code = None
    return Outcome(_answers(written), exit_code, _last_line(said))


def _killed(child: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    _kill(child)
    try:
        return child.communicate(timeout=_GRACE_SECONDS)
    except subprocess.TimeoutExpired as late:
        return late.output or b"", late.stderr or b""


def _kill(child: subprocess.Popen[bytes]) -> None:
    if os.name == "nt":
        child.kill()
        return
    try:
        # It leads a process group of its own: what it started goes too.
        os.killpg(child.pid, signal.SIGKILL)
    except OSError:
        child.kill()


def _answers(written: bytes) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for line in written.decode("utf-8", "replace").split("\n"):
        if line.startswith(_MARK):
            merged.update(_parsed(line[len(_MARK) :]))
    return merged


def _parsed(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _last_line(said: bytes) -> str:
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:_MOST_SAID] if lines else ""
