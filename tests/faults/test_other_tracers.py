"""Other tracers beside ours, above or below it on the same methods: all of them work, and ours goes in any order."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from mutagent.demo.provider import Provider, Reply, Rule, Script
from tests.environments import available
from tests.faults.processes import DEADLINE
from tests.faults.running import ROOT

# OpenTelemetry's newer releases of this instrumentation don't go with any published one of what they import.
TRACERS = ("wrapt", "httpx", "pydantic", "openai", "opentelemetry-instrumentation-openai-v2==2.1b0",
           "opentelemetry-sdk==1.36.0", "sentry-sdk", "langfuse", "ddtrace")  # fmt: skip
_FINE = ["fine", "fine", "fine"]


def _report(tools: str, order: str, first: str) -> dict[str, Any]:
    python = available("tracers", TRACERS)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MUTAGENT", "OTEL", "DD_"))}
    quiet = {"DD_TRACE_ENABLED": "true", "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false"}
    with Provider(Script([Rule(Reply("fine"))])) as provider:
        ran = subprocess.run(
            [python, str(ROOT / "tests/faults/beside.py"), provider.openai_url, tools, order, first],
            env={**kept, **quiet}, capture_output=True, text=True, timeout=2 * DEADLINE,
        )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    report: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return report


def test_no_global_of_opentelemetrys_is_set() -> None:
    program = """
import sys
from mutagent.auto import hooks
from mutagent.testing import capture
from tests.faults.beside import calls
with capture() as captured:
    hooks.install()
    calls(sys.argv[1])
from opentelemetry import metrics, trace
print(len(captured.spans), trace._TRACER_PROVIDER, metrics._internal._METER_PROVIDER)
"""
    with Provider(Script([Rule(Reply("fine"))])) as provider:
        ran = subprocess.run(
            [available("tracers", TRACERS), "-c", program, provider.openai_url],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=DEADLINE,
        )  # fmt: skip
    assert (ran.stdout, ran.returncode) == ("3 None None\n", 0), ran.stderr


@pytest.mark.parametrize("tool", ["opentelemetry", "ddtrace"])
@pytest.mark.parametrize("order", ["ours-above", "ours-below"])
def test_ours_is_taken_off_first(tool: str, order: str) -> None:
    found = _report(tool, order, "ours-first")
    assert found["report"] == [[_FINE, 3, 3], [_FINE, 0, 3], [_FINE, 0, 0]]
    # Below theirs it can't be removed, as they hold it; it lets calls through.
    assert found["restored"] == (order == "ours-above")


@pytest.mark.parametrize("tool", ["opentelemetry", "ddtrace"])
def test_theirs_is_taken_off_first_from_above(tool: str) -> None:
    found = _report(tool, "ours-below", "theirs-first")
    assert found == {"report": [[_FINE, 3, 3], [_FINE, 3, 0], [_FINE, 0, 0]], "restored": True}


def test_theirs_is_taken_off_first_from_below() -> None:
    """OpenTelemetry takes nothing off that is covered, whoever covers it: its own stays on. Ours is not hurt.

    Datadog takes the uppermost wrapper off, and its own then fails without its state, so that it isn't tried here.
    """
    found = _report("opentelemetry", "ours-above", "theirs-first")
    assert found["report"] == [[_FINE, 3, 3], [_FINE, 3, 3], [_FINE, 0, 3]]


@pytest.mark.parametrize("tool", ["sentry", "langfuse"])
def test_tracers_that_stay_on(tool: str) -> None:
    for order in ("ours-above", "ours-below"):
        assert _report(tool, order, "ours-first")["report"] == [[_FINE, 3, 3], [_FINE, 0, 3]]


@pytest.mark.parametrize("order", ["ours-above", "ours-below"])
def test_all_of_them_at_once(order: str) -> None:
    """What they hide from one another is theirs; with ours they see what they see without it."""
    together = "opentelemetry+sentry+langfuse+ddtrace"
    beside, without = (_report(together, where, "ours-first")["report"][0] for where in (order, "without-ours"))
    assert without == [_FINE, 0, *beside[2:]]
    assert beside[:2] == [_FINE, 3]
    assert min(beside[2:]) > 0
