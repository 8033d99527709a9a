"""A span's cost in instructions, as a multiple of the floor's: the same on an idle machine and on a busy one.

``ratios.json`` holds what each Python's was. ``python tests/callgrind/test_instructions.py`` counts anew and writes it,
for a change that makes a span cheaper, or dearer for a reason that its commit says.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WORKLOAD = HERE / "workload.py"
RATIOS = HERE / "ratios.json"
VERSION = "{}.{}".format(*sys.version_info[:2])
CASES = ("manual", "decorated", "encoded")
COUNT = 1000
# How much dearer a change may make it; and how much dearer it may be on a Python that has no ratios of its own.
ALLOWED, ALLOWED_ELSEWHERE = 1.10, 1.50


def instructions(valgrind: str, case: str, count: int) -> int:
    """What doing ``case`` so many times takes, by callgrind's count."""
    done = subprocess.run(
        [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, str(WORKLOAD), case,
         str(count)],
        # The order of sets and dicts follows the hashes, and the count follows the order.
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    [refs] = re.findall(r"I\s+refs:\s+([\d,]+)", done.stderr)
    return int(refs.replace(",", ""))


def ratios(valgrind: str) -> dict[str, float]:
    """Every case as a multiple of the floor."""
    compiled()
    # The start, the imports and the filling of the queue are in both counts of a case, and not in their difference.
    asked = [(case, count) for case in ("floor", *CASES) for count in (0, COUNT)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = list(pool.map(lambda each: instructions(valgrind, *each), asked))
    floor, *each = (after - before for before, after in zip(counts[::2], counts[1::2], strict=True))
    return {case: round(count / floor, 2) for case, count in zip(CASES, each, strict=True)}


def compiled() -> None:
    """Bytecode for what the workload imports: compiling it anew would be most of what valgrind has to run."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, str(WORKLOAD), "floor", "0"], env=variables, cwd=ROOT, check=True)


def allowed() -> dict[str, float]:
    """What each case may cost at the most: by this Python's ratios, else, with more room, by the newest one's."""
    known: dict[str, dict[str, float]] = json.loads(RATIOS.read_text())
    if VERSION in known:
        return {case: ratio * ALLOWED for case, ratio in known[VERSION].items()}
    newest = max(known, key=lambda name: int(name.partition(".")[2]))
    return {case: ratio * ALLOWED_ELSEWHERE for case, ratio in known[newest].items()}


@pytest.fixture
def valgrind() -> str:
    """The program; installed where everything has to run, see :func:`tests.tools.tool`."""
    from tests.tools import tool

    return tool("valgrind")


def test_a_span_is_no_dearer_than_it_was(valgrind):
    most, now = allowed(), ratios(valgrind)
    dearer = {case: now[case] for case in CASES if now[case] > most[case]}
    assert dearer == {}, f"at the most {most}; this file, run as a program, writes anew what is committed"


if __name__ == "__main__":
    known = json.loads(RATIOS.read_text()) if RATIOS.exists() else {}
    known[VERSION] = ratios("valgrind")
    RATIOS.write_text(
        json.dumps(dict(sorted(known.items(), key=lambda row: int(row[0].partition(".")[2]))), indent=2) + "\n"
    )
