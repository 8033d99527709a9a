"""A span's cost in instructions, as a multiple of the floor's: the same on an idle machine and on a busy one.

``ratios.json`` holds what each Python's was. ``python tests/callgrind/test_instructions.py`` counts anew and writes it,
for a change that makes a span cheaper, or dearer for a reason that its commit says.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WORKLOAD = HERE / "workload.py"
RATIOS = HERE / "ratios.json"
VERSION = "{}.{}".format(*sys.version_info[:2])
CASES = ("manual", "decorated", "encoded")
COUNT = 2000
# How much dearer a change may make it.
ALLOWED = 1.10

pytestmark = pytest.mark.skipif(
    shutil.which("valgrind") is None and not os.environ.get("CI"), reason="valgrind is not installed"
)


def instructions(case: str, count: int) -> int:
    """What doing ``case`` so many times takes, by callgrind's count."""
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, str(WORKLOAD), case,
         str(count)],
        # The order of sets and dicts follows the hashes, and the count follows the order.
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(HERE.parents[1])},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    [refs] = re.findall(r"I\s+refs:\s+([\d,]+)", done.stderr)
    return int(refs.replace(",", ""))


def ratios() -> dict[str, float]:
    """Every case as a multiple of the floor."""
    # The first does nothing: the interpreter's start and the imports, which all of them share.
    asked = [("floor", 0), *((case, COUNT) for case in ("floor", *CASES))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        start, floor, *counts = pool.map(lambda each: instructions(*each), asked)
    return {case: round((count - start) / (floor - start), 2) for case, count in zip(CASES, counts, strict=True)}


def test_a_span_is_no_dearer_than_it_was():
    before = json.loads(RATIOS.read_text()).get(VERSION)
    if before is None:
        pytest.skip(f"no ratio is committed for Python {VERSION}")
    now = ratios()
    assert {case: now[case] for case in CASES if now[case] > before[case] * ALLOWED} == {}, f"{before} → {now}"


if __name__ == "__main__":
    known = json.loads(RATIOS.read_text()) if RATIOS.exists() else {}
    known[VERSION] = ratios()
    RATIOS.write_text(json.dumps(dict(sorted(known.items())), indent=2) + "\n")
