"""What the benchmarks share: rounds that go from one measured process to the next, medians, ratios and tables.

A machine is never idle and never equally fast. So whatever is compared runs in turns within one run, in blocks of some
tens of milliseconds, and a ratio is the median of the rounds' own ratios.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]
SUBJECTS = Path(__file__).parent / "subjects"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "15"))
_BLOCK_SECONDS = 0.03
TIMES, NOTHING = "\N{MULTIPLICATION SIGN}", "\N{EN DASH}"


class Subject:
    """A process that runs one peer's cases.

    Args:
        python: its interpreter.
        script: a file of ``subjects/``.
        variables: added to its environment.
    """

    def __init__(self, python: str, script: str, variables: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [python, str(SUBJECTS / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(variables or {}),
        )
        self.cases: list[str] = self._answer()

    def run(self, case: str, count: int) -> dict[str, Any]:
        """Seconds of ``count`` calls: ``wall`` for the caller, ``cpu`` of the whole process, ``calls`` one by one."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"case": case, "count": count}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = self._answer()
        return answer

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} ended with {self._process.wait()}")
        return json.loads(line)

    def __enter__(self) -> Subject:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()


def environment(variables: dict[str, str]) -> dict[str, str]:
    """This process's environment without anything that switches tracing on, and with ``variables``.

    With bytecode caches, as an installed package has them: a start without compiles, which is most of what it takes.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MUTAGENT_", "OTEL_"))}
    for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
        inherited.pop(name, None)
    return {**inherited, **variables}


def rounds(cases: Sequence[tuple[Subject, str]], calls: int | None = None) -> list[list[dict[str, Any]]]:
    """Every case once a round, in turns; per case, its rounds' seconds per call.

    Args:
        cases: which process runs what.
        calls: how many a block; else as many as take some tens of milliseconds.
    """
    counts = [calls or _calls_of_a_block(subject, case) for subject, case in cases]
    taken: list[list[dict[str, Any]]] = [[] for _ in cases]
    for _ in range(ROUNDS):
        for index, (subject, case) in enumerate(cases):
            answer = subject.run(case, counts[index])
            each = {name: answer[name] / counts[index] for name in ("wall", "cpu")}
            taken[index].append({**each, "calls": answer["calls"]})
    return taken


def _calls_of_a_block(subject: Subject, case: str) -> int:
    count = 10
    while subject.run(case, count)["wall"] < _BLOCK_SECONDS:
        count *= 2
    return count


def median(taken: Iterable[dict[str, Any]], what: str = "wall") -> float:
    """The median round, in microseconds per call."""
    return statistics.median(each[what] for each in taken) * 1e6


def ratio(taken: Sequence[dict[str, Any]], to: Sequence[dict[str, Any]], what: str = "wall") -> float:
    """How many times as long as ``to``, by the median of the rounds' ratios."""
    return statistics.median(mine[what] / other[what] for mine, other in zip(taken, to, strict=True))


def more(taken: Sequence[dict[str, Any]], to: Sequence[dict[str, Any]], what: str = "cpu") -> float:
    """How many microseconds a call more than ``to``, by the median of the rounds' differences."""
    return statistics.median(mine[what] - other[what] for mine, other in zip(taken, to, strict=True)) * 1e6


def percentile(taken: Iterable[dict[str, Any]], share: float) -> float:
    """The time within which this share of all single calls came back, in microseconds."""
    calls = sorted(seconds for each in taken for seconds in each["calls"])
    return calls[min(len(calls) - 1, int(len(calls) * share))] * 1e6


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table under its title."""
    lines = [f"**{title}**", "", "| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def us(value: float) -> str:
    """Microseconds as text."""
    return f"{value:,.2f} µs" if value < 10 else f"{value:,.1f} µs" if value < 100 else f"{value:,.0f} µs"


def run_alone(main: Callable[[], str]) -> None:
    """Print a benchmark's tables."""
    print(main(), end="")
