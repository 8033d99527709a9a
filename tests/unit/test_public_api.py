"""The names that programs import, and what importing costs: nothing."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import mutagent
from mutagent import tracing

ROOT = Path(__file__).parents[2]

# What the first published tracing module exports.
PUBLISHED = {
    "init_tracing", "shutdown_tracing", "is_tracing_initialized", "trace", "with_trace", "start_span", "end_span",
    "get_current_span", "get_current_trace_id", "get_current_session_id", "run_in_span_context", "session", "SpanKind",
    "SpanStatus", "SpanIO", "SpanMessage", "SpanEvent", "SpanMetrics", "SpanOptions", "SpanEndOptions", "SpanHandle",
    "MutagentSpan", "FinishedSpan", "TracingConfig", "TracePayload", "TraceHTTPResponse", "Document", "ToolCall",
}  # fmt: skip

PARAMETERS = {
    "init_tracing": [
        "api_key", "endpoint", "environment", "batch_size", "batch_interval_ms", "debug", "source", "config",
    ],
    "trace": ["kind", "name", "attributes"],
    "with_trace": ["kind", "fn", "name", "input", "attributes"],
    "start_span": ["options"],
    "end_span": ["span", "end_options"],
    "run_in_span_context": ["span", "fn"],
    "session": ["session_id"],
    "SpanOptions": ["kind", "name", "input", "attributes", "parent_span_id", "session_id", "trace_id"],
    "SpanEndOptions": ["status", "status_message", "output", "metrics", "attributes", "events"],
    "SpanMetrics": [
        "model", "provider", "input_tokens", "output_tokens", "total_tokens", "cost_usd", "latency_ms", "ttft_ms",
    ],
    "SpanMessage": ["role", "content", "name", "tool_call_id"],
    "SpanIO": ["messages", "tool_calls", "documents", "text", "raw"],
    "SpanEvent": ["name", "timestamp", "attributes"],
    "SpanHandle": ["span_id", "trace_id"],
    "ToolCall": ["id", "name", "arguments", "result"],
    "Document": ["content", "metadata", "score"],
    "TracingConfig": ["api_key", "endpoint", "environment", "batch_size", "batch_interval_ms", "debug", "source"],
    "FinishedSpan": [
        "span_id", "trace_id", "name", "kind", "start_time", "end_time", "duration_ms", "status", "parent_span_id",
        "input", "output", "model", "provider", "input_tokens", "output_tokens", "total_tokens", "cost_usd",
        "status_message", "attributes", "events", "metadata", "session_id",
    ],
}  # fmt: skip

SPAN_ATTRIBUTES = [
    "span_id", "trace_id", "parent_span_id", "kind", "name", "started_at", "input", "output", "status",
    "status_message", "metrics", "attributes", "events", "session_id", "id",
]  # fmt: skip


def run(code, *flags, cwd=None, **variables):
    """What a bare interpreter prints for a program, as JSON."""
    environ = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **variables}
    done = subprocess.run(
        [sys.executable, *flags, "-c", code], env=environ, cwd=cwd, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)


def test_every_published_name_is_exported():
    assert set(tracing.__all__) >= PUBLISHED
    assert all(hasattr(tracing, name) for name in tracing.__all__)


def test_what_is_exported_beyond_them():
    assert set(tracing.__all__) - PUBLISHED == {"extract", "flush", "inject"}


@pytest.mark.parametrize("name", list(PARAMETERS))
def test_published_parameters_keep_their_names_and_order(name):
    found = list(inspect.signature(getattr(tracing, name)).parameters)
    assert found[: len(PARAMETERS[name])] == PARAMETERS[name]


def test_a_span_has_the_published_attributes():
    span = tracing.MutagentSpan
    slots = set(span.__slots__)
    assert [name for name in SPAN_ATTRIBUTES if name not in slots and not hasattr(span, name)] == []


def test_the_package_offers_the_main_names_lazily():
    assert [getattr(mutagent, name) for name in mutagent.__all__ if name != "__version__"] == [
        getattr(tracing, name) for name in mutagent.__all__ if name != "__version__"
    ]
    assert set(mutagent.__all__) <= set(dir(mutagent))
    with pytest.raises(AttributeError, match="module 'mutagent' has no attribute 'nonsense'"):
        _ = mutagent.nonsense


@pytest.mark.parametrize("name", ["Mutagent", "AsyncMutagent"])
def test_the_rest_client_of_later_releases_is_refused_by_name(name):
    with pytest.raises(
        ImportError, match=rf"has no {name}: the REST client ended with .* 0\.4.*Pin 'mutagent-sdk<0\.5'"
    ):
        getattr(mutagent, name)
    with pytest.raises(ImportError, match="REST client"):
        exec(f"from mutagent import {name}")


LOADED = """
import sys, threading, json
before = set(sys.modules)
{statement}
print(json.dumps([sorted({{name.partition(".")[0] for name in set(sys.modules) - before}}), threading.active_count()]))
"""


@pytest.mark.parametrize(
    "statement",
    [
        "import mutagent",
        "import mutagent.auto",
        "import mutagent.tracing",
        "import mutagent.testing",
        "import mutagent.config",
        "from mutagent import trace, start_span, session",
    ],
)
def test_importing_loads_no_third_party_package_and_starts_no_thread(statement):
    loaded, threads = run(LOADED.format(statement=statement))
    ours = set(loaded) - set(sys.stdlib_module_names)
    assert (ours, threads) == ({"mutagent"}, 1)


def test_importing_the_package_loads_nothing_but_itself():
    loaded, _ = run(LOADED.format(statement="import mutagent"), "-S")
    assert set(loaded) == {"mutagent", "__future__"}


def test_importing_touches_no_hook_handler_signal_or_logger():
    code = """
import sys, json, signal, logging, atexit, threading
def state():
    return [len(sys.meta_path), len(sys.path_hooks), atexit._ncallbacks(), str(signal.getsignal(signal.SIGTERM)),
            str(sys.excepthook), str(threading.excepthook), len(logging.root.handlers),
            sorted(logging.root.manager.loggerDict)]
before = state()
import mutagent, mutagent.auto, mutagent.tracing, mutagent.testing
print(json.dumps([before == state(), before, state()]))
"""
    same, before, after = run(code)
    assert same, (before, after)


def test_decorating_costs_no_third_party_package_and_no_thread():
    statement = "from mutagent import trace\n@trace\ndef f(): pass\nf()"
    loaded, threads = run(LOADED.format(statement=statement))
    assert (set(loaded) - set(sys.stdlib_module_names), threads) == ({"mutagent"}, 1)


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "mutagent" / "py.typed").exists()
