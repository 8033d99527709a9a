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
from tempfile import TemporaryDirectory

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WORKLOAD = HERE / "workload.py"
RATIOS = HERE / "ratios.json"
VERSION = "{}.{}".format(*sys.version_info[:2])
CASES = ("manual", "decorated", "encoded")
COUNT = 1000
# The C function before which callgrind writes down what it counted since the last one: ``workload.mark`` calls it. The
# start of a process takes thirty times what is counted, and not the same each time where tests run beside it.
MARK = "getsid"
# How much dearer a change may make it; and how much dearer it may be on a Python that has no ratios of its own.
ALLOWED, ALLOWED_ELSEWHERE = 1.10, 1.50


def instructions(valgrind: str, case: str, folder: Path) -> int:
    """What doing ``case`` :data:`COUNT` times takes, by callgrind's count."""
    counts = folder / case
    subprocess.run(
        [valgrind, "--tool=callgrind", f"--callgrind-out-file={counts}", f"--dump-before={MARK}", sys.executable,
         str(WORKLOAD), case, str(COUNT)],
        # The order of sets and dicts follows the hashes, and the count follows the order.
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)},
        capture_output=True, check=True,
    )  # fmt: skip
    # The first file counts until the first mark, this one from there to the second; what follows goes without a number.
    [total] = re.findall(r"^totals: (\d+)$", counts.with_suffix(".2").read_text(), re.MULTILINE)
    return int(total)


def ratios(valgrind: str) -> dict[str, float]:
    """Every case as a multiple of the floor."""
    compiled()
    with TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        floor, *each = pool.map(lambda case: instructions(valgrind, case, Path(folder)), ("floor", *CASES))
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
