"""The measured process's side: it runs the cases it is told to, and answers with what they took.

One line of JSON in, ``{"case": name, "count": calls}``; one line out. Peers differ in what a case does, never in how
it is timed.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

Case = Callable[[int], Any]


def serve(cases: dict[str, Case], finish: Callable[[], object] = lambda: None) -> None:
    """Answer until the input ends.

    Args:
        cases: runs ``count`` calls each; may return the seconds that every single call took.
        finish: has delivered what the calls left to deliver; counts as CPU time, not as the caller's waiting.
    """
    # Printed output of the measured library must not come between.
    answers, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps(sorted(cases)), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(_measured(cases[asked["case"]], asked["count"], finish)), file=answers, flush=True)


def _measured(case: Case, count: int, finish: Callable[[], object]) -> dict[str, Any]:
    gc.collect()
    used, begun = process_time(), perf_counter()
    calls = case(count)
    wall = perf_counter() - begun
    finish()
    return {"wall": wall, "cpu": process_time() - used, "calls": calls if isinstance(calls, list) else []}
