"""Run a row: the program without tracing, the same with it, and a look at what is left."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mutagent.auto import environment
from tests.environments import python_of
from tests.faults.processes import Run, run_to_end
from tests.faults.row import HEALTHY, Row
from tests.faults.services import free_port, served
from tests.servers.collector import Collector
from tests.servers.trust import NOBODY

ROOT = Path(__file__).parents[2]
# What the rows name in `needs`, and what mutagent itself needs.
HOSTS = ("wrapt", "httpx", "pydantic", "openai", "gunicorn", "packaging", "uvicorn", "celery", "gevent",
         "pyuwsgi")  # fmt: skip
KEY = "mt_0123456789abcdef0123456789abcdef"
_OFF = {"MUTAGENT_AUTO": "0", "MUTAGENT_LOCAL": "0"}
_OURS = ("PYTHON", "MUTAGENT", "COV", "OTEL", "FAULTS")


@dataclass(slots=True)
class Outcome:
    """What became of a row."""

    plain: Run
    traced: Run
    delivered: list[dict[str, Any]] = field(default_factory=list)
    arrivals: Counter[str] = field(default_factory=Counter)
    spooled: set[tuple[str, str]] = field(default_factory=set)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    slowness: float = 1.0

    @property
    def dropped(self) -> int:
        """What the receipts say was dropped, whatever the sink."""
        return sum(sink["dropped"] for receipt in self.receipts for sink in receipt["sinks"])

    @property
    def added_seconds(self) -> float:
        """How much longer the exit took than without tracing."""
        return max(0.0, self.traced.exit_seconds - self.plain.exit_seconds)

    @property
    def added_mb(self) -> float:
        """How much more memory there was at the most than without tracing."""
        return max(0.0, self.traced.peak_mb - self.plain.peak_mb)


def python_for(row: Row) -> str:
    """This interpreter where it has what the row needs, else one of an environment that is made for that.

    Raises:
        Unavailable: it could not be made.
    """
    here = all(find_spec(name) is not None for name in row.needs)
    return sys.executable if here else python_of("hosts", HOSTS)


def run_row(row: Row) -> Outcome:
    """Run one row to its end.

    Raises:
        Unavailable: the row needs what is not installed here and could not be.
    """
    with tempfile.TemporaryDirectory(prefix="faults-") as directory, ExitStack() as cleaning:
        place = Path(directory)
        (place / "program.py").write_text(row.program)
        python, port = python_for(row), free_port()
        plain = _plain(python, row.program, tuple(row.environment.items()))
        with served(row.service, port) as collector:
            traced = run_to_end(python, place, "program.py", _environment(row, place, port))
        collectors = [collector]
        if row.afterwards is not None:
            (place / "afterwards.py").write_text(row.afterwards)
            with served(HEALTHY, port) as later:
                run_to_end(python, place, "afterwards.py", _environment(row, place, port))
            collectors.append(later)
        cleaning.callback(_make_writable, place)
        return _outcome(row, place / "home", plain, traced, [one for one in collectors if one is not None])


@cache
def _plain(python: str, program: str, variables: tuple[tuple[str, str], ...]) -> Run:
    """A program's run without tracing, which several rows compare theirs with."""
    with tempfile.TemporaryDirectory(prefix="faults-") as directory:
        place = Path(directory)
        (place / "program.py").write_text(program)
        return run_to_end(python, place, "program.py", {**_surroundings(variables, place), **_OFF})


def _surroundings(variables: Iterable[tuple[str, str]], place: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    kept.update(PYTHONPATH=str(ROOT), FAULTS_MARK=str(place / "mark"), MUTAGENT_HOME=str(place / "home"), **NOBODY)
    return {**kept, **{name: value.format(home=place / "home") for name, value in variables}}


def _environment(row: Row, place: Path, port: int) -> dict[str, str]:
    kept = _surroundings(row.environment.items(), place)
    if row.sink == "service":
        kept.update(MUTAGENT_ENDPOINT=f"http://127.0.0.1:{port}", MUTAGENT_API_KEY=KEY)
    if not row.auto:
        return kept
    return environment.traced(kept, summary="off", local=row.sink == "store", service=None)


def _outcome(row: Row, home: Path, plain: Run, traced: Run, collectors: list[Collector]) -> Outcome:
    outcome = Outcome(plain, traced, spooled=_spooled(home), receipts=_receipts(home), slowness=_slowness())
    if row.sink == "store":
        from mutagent.store.reader import StoreReader

        rows = StoreReader(home).rows_after(0, 1_000_000)
        outcome.delivered = [
            {"traceId": each.trace_id, "spanId": each.span_id, **json.loads(each.body)} for each in rows
        ]
        return outcome
    for collector in collectors:
        outcome.delivered += collector.spans()
        outcome.arrivals += collector.arrivals()
        outcome.requests += len(collector.requests)
    return outcome


def _slowness() -> float:
    """How many times its own time a piece of work takes on this machine at the moment; 1 on an idle one."""
    wall, own = time.monotonic(), time.thread_time()
    while time.thread_time() - own < 0.05:
        pass
    return max(1.0, (time.monotonic() - wall) / 0.05)


def _spooled(home: Path) -> set[tuple[str, str]]:
    """The ids that lie in the spool, read by nothing of ours: magic line, then tab-separated fields."""
    found = set()
    for path in home.glob("spool/*/*.spans"):
        head, *lines = path.read_bytes().splitlines()
        if head == b"mutagent-spool 1 %d" % len(lines):
            found |= {tuple(line.decode().split("\t")[:2]) for line in lines}
    return found  # type: ignore[return-value]


def _receipts(home: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in home.glob("receipts/*.json")]


def _make_writable(place: Path) -> None:
    for directory, _, _ in os.walk(place):
        os.chmod(directory, 0o700)
