"""The code of the documented page, run as it is written, in a process of its own against a stand-in service."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.collector import Collector

ROOT = Path(__file__).parents[2]

DECORATED = """
from mutagent.tracing import init_tracing, trace

init_tracing(api_key="mt_xxxxxxxxxxxx")

def call_llm(query):
    return f"answer to {query}"

async def call_llm_async(query):
    return f"later answer to {query}"

@trace(kind="agent")
def run_support_agent(query: str) -> str:
    # All inputs, outputs, and timing are captured automatically
    response = call_llm(query)
    return response

@trace(kind="agent")
async def run_async_agent(query: str) -> str:
    response = await call_llm_async(query)
    return response

print(run_support_agent("q1"))

import asyncio
print(asyncio.run(run_async_agent("q2")))
"""

KEY_FROM_ENVIRONMENT = """
import os
from mutagent.tracing import init_tracing

init_tracing(api_key=os.environ["MUTAGENT_API_KEY"])

from mutagent.tracing import trace

@trace(kind="tool", name="renamed")
def function():
    raise ValueError("no")

try:
    function()
except ValueError as error:
    print(error)
"""

LOW_LEVEL = """
from mutagent.tracing import (
    init_tracing,
    start_span,
    end_span,
    SpanOptions,
    SpanEndOptions,
    SpanIO,
    SpanMetrics,
    SpanKind,
    SpanStatus,
)

init_tracing(api_key="mt_xxxxxxxxxxxx")

span = start_span(SpanOptions(
    kind="chain",
    name="my-pipeline",
    input=SpanIO(text="user query here"),
))

# ... do work ...

if span:
    end_span(span, SpanEndOptions(
        status="ok",
        output=SpanIO(text="pipeline result"),
        metrics=SpanMetrics(
            model="gpt-4o",
            provider="openai",
            input_tokens=150,
            output_tokens=50,
            total_tokens=200,
        ),
    ))
"""

LOW_LEVEL_WITH_MEMBERS = LOW_LEVEL.replace('kind="chain"', "kind=SpanKind.CHAIN").replace(
    'status="ok"', "status=SpanStatus.OK"
)

SHUTDOWN = """
import asyncio
from mutagent.tracing import shutdown_tracing

# shutdown_tracing is a coroutine: must be awaited
asyncio.run(shutdown_tracing())

import os, sys
sys.stdout.flush()
os._exit(0)  # whatever is delivered has been delivered by the shutdown
"""

PIPELINE = {
    "name": "my-pipeline",
    "kind": "chain",
    "status": "ok",
    "input": {"text": "user query here"},
    "output": {"text": "pipeline result"},
    "model": "gpt-4o",
    "provider": "openai",
    "tokens": {"input": 150, "output": 50, "total": 200},
}


@pytest.fixture
def collector():
    with Collector() as running:
        yield running


NEXT_PROCESS = """
import asyncio
from mutagent.tracing import SpanOptions, end_span, init_tracing, shutdown_tracing, start_span

init_tracing()
end_span(start_span(SpanOptions(kind="custom", name="next process")))
asyncio.run(shutdown_tracing(timeout=60))
"""


def delivered(tmp_path, collector, count, key="mt_xxxxxxxxxxxx"):
    """What arrived at the end of a program or, where two seconds were too short on a busy machine, with the next."""
    if len(collector.spans()) < count:
        run(tmp_path, collector, NEXT_PROCESS, MUTAGENT_API_KEY=key)
        collector.wait_for(count + 1, timeout=60)
    return [span for span in collector.spans() if span["name"] != "next process"]


def run(tmp_path, collector, code, **variables):
    """Run a program to its end and return what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MUTAGENT", "OTEL"))}
    environ = {"MUTAGENT_ENDPOINT": collector.url, "MUTAGENT_HOME": str(tmp_path / "home"), **kept, **variables}
    program = tmp_path / "program.py"
    program.write_text(code)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        env={**environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    # On a machine too busy for the bound of the exit we say so; `delivered` finds those spans with the next process.
    said = [line for line in done.stderr.splitlines() if not line.startswith("mutagent: delivery to ")]
    assert (done.returncode, said) == (0, [])
    return done.stdout


def facts(span):
    """A span without its ids and times, and without what its price table says."""
    varying = ("traceId", "spanId", "startTime", "endTime", "durationMs", "costUsd")
    return {name: value for name, value in span.items() if name not in varying}


@pytest.mark.parametrize("ending", ["", SHUTDOWN], ids=["at exit", "by shutdown"])
def test_decorated_functions_sync_and_async(tmp_path, collector, ending):
    printed = run(tmp_path, collector, DECORATED + ending)
    assert printed == "answer to q1\nlater answer to q2\n"
    assert [facts(span) for span in delivered(tmp_path, collector, 2)] == [
        {
            "name": "run_support_agent",
            "kind": "agent",
            "status": "ok",
            "input": {"raw": {"query": "q1"}},
            "output": {"raw": "answer to q1"},
        },
        {
            "name": "run_async_agent",
            "kind": "agent",
            "status": "ok",
            "input": {"raw": {"query": "q2"}},
            "output": {"raw": "later answer to q2"},
        },
    ]
    assert {batch.headers["x-api-key"] for batch in collector.requests} == {"mt_xxxxxxxxxxxx"}


def test_the_key_from_the_environment_and_a_failing_function(tmp_path, collector):
    assert run(tmp_path, collector, KEY_FROM_ENVIRONMENT, MUTAGENT_API_KEY="mt_environment") == "no\n"
    (span,) = delivered(tmp_path, collector, 1, "mt_environment")
    assert (span["name"], span["kind"], span["status"], span["error"]) == ("renamed", "tool", "error", "no")
    assert "mt_environment" in {batch.headers["x-api-key"] for batch in collector.requests}


@pytest.mark.parametrize("code", [LOW_LEVEL, LOW_LEVEL_WITH_MEMBERS], ids=["strings", "members"])
@pytest.mark.parametrize("ending", ["", SHUTDOWN], ids=["at exit", "by shutdown"])
def test_the_low_level_api(tmp_path, collector, code, ending):
    run(tmp_path, collector, code + ending)
    assert [facts(span) for span in delivered(tmp_path, collector, 1)] == [PIPELINE]


def test_shutdown_inside_an_async_function(tmp_path, collector):
    code = LOW_LEVEL + "\nimport asyncio\nfrom mutagent.tracing import shutdown_tracing\n"
    code += "async def main():\n    await shutdown_tracing()\nasyncio.run(main())\nimport os\nos._exit(0)\n"
    run(tmp_path, collector, code)
    assert [facts(span) for span in delivered(tmp_path, collector, 1)] == [PIPELINE]


OPTIONS = (
    'init_tracing(api_key="mt_xxxxxxxxxxxx", environment="production", batch_size=1, batch_interval_ms=100, debug=True)'
)


def test_every_documented_option_is_taken_and_debug_prints_to_stdout(tmp_path, collector):
    printed = run(tmp_path, collector, LOW_LEVEL.replace('init_tracing(api_key="mt_xxxxxxxxxxxx")', OPTIONS))
    assert printed.count("my-pipeline") == 2
    assert [facts(span) for span in delivered(tmp_path, collector, 1)] == [PIPELINE]
    assert [trace["environment"] for trace in collector.traces().values()] == ["production"]


@pytest.mark.parametrize("kind", [
    "llm.chat", "llm.completion", "llm.embedding", "chain", "agent", "graph", "node", "tool", "retrieval", "guardrail",
    "custom",
])  # fmt: skip
def test_every_documented_kind_is_taken(captured, kind):
    from mutagent.tracing import trace

    trace(kind=kind)(lambda: None)()
    assert captured.spans[0]["kind"] == kind
