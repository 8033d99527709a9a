"""What is loaded when, and how long it takes: modules that each step adds, and which of them are not ours.

``python -m tests.benchmarks.imports``
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.benchmarks import _measure
from tests.benchmarks._measure import environment, table
from tests.benchmarks.startup import AUTO

HEAVY = ("wrapt", "httpx", "httpx2", "pydantic", "pydantic_core", "asyncio", "ssl", "threading", "logging", "typing",
         "dataclasses", "importlib.metadata", "sqlite3")  # fmt: skip
# Each step in the same process, after those before it; the first is done by the start-up hook.
STEPS = (
    ("auto mode switched on", ""),
    ("`import mutagent.tracing`", "import mutagent.tracing"),
    ("`init_tracing`", "mutagent.tracing.init_tracing(endpoint='http://127.0.0.1:9')"),
    ("the first span", "from mutagent.tracing import *; end_span(start_span(SpanOptions(kind='tool')))"),
)
OPENAI = (
    ("auto mode switched on", ""),
    ("`import openai`, its own share included", "import openai"),
    ("the first client", "openai.OpenAI(api_key='k')"),
)
PROGRAM = """
import sys, json, time
found = [[0.0, sorted(sys.modules)]]
for step in json.loads(sys.argv[1])[1:]:
    begun = time.perf_counter()
    exec(step)
    found.append([(time.perf_counter() - begun) * 1000, sorted(sys.modules)])
print(json.dumps(found), flush=True)
import os; os._exit(0)
"""


def steps(given: tuple[tuple[str, str], ...], variables: dict[str, str]) -> list[tuple[float, set[str]]]:
    """Milliseconds of each step, and the modules that are loaded after it."""
    code = [step for _, step in given]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(code)], env=environment(variables), cwd="/", check=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return [(spent, set(modules)) for spent, modules in json.loads(done.stdout)]


def main() -> str:
    """The tables."""
    plain = {**AUTO, "MUTAGENT_AUTO": "0", "PYTHONPATH": AUTO["PYTHONPATH"].split(os.pathsep)[1]}
    return "\n".join((_loaded(STEPS, plain), _loaded(OPENAI, plain)))


def _loaded(given: tuple[tuple[str, str], ...], plain: dict[str, str]) -> str:
    before = steps((("", ""),), plain)[0][1]
    rows, known = [], before
    measured = steps(given, AUTO)
    for (name, _), (spent, modules) in zip(given, measured, strict=True):
        new = modules - known
        ours = sum(each.split(".")[0] == "mutagent" for each in new)
        heavy = ", ".join(f"`{each}`" for each in HEAVY if each in new) or "none"
        rows.append([name, f"{spent:.1f} ms" if spent else "", f"{ours}", f"{len(new) - ours}", heavy])
        known = known | modules
    heads = ["", "took", "of ours", "others", "of the heavy ones"]
    return table(f"Loaded, step by step, until {given[-1][0]}", heads, rows)


if __name__ == "__main__":
    _measure.run_alone(main)
