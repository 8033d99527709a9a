"""``mutagent demo``: run a small agent against the stand-in provider, record it, and show what was recorded."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mutagent.demo.provider import Provider
    from mutagent.store.trace import Trace

AGENT = Path(__file__).with_name("agent.py")
CLIENTS = ("openai", "anthropic")
_PACKAGE_ROOT = Path(__file__).parents[2]
_MOST_TRACES = 100
# Keys, endpoints and proxies of the user's: nothing of the demo may leave the machine, and none may reach it.
_WITHHELD_PREFIXES = ("OPENAI_", "ANTHROPIC_", "MUTAGENT_")
_WITHHELD_SUFFIX = "_PROXY"


def add_parser(subparsers: Any) -> None:
    """Add the command's parser to the ones of ``mutagent``."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "demo",
        help="run a small agent against a stand-in provider and show its trace",
        description="Run a support agent on the real OpenAI and Anthropic clients, without a key and offline: a "
        "stand-in on this machine answers them. Its calls are recorded in the local store and shown.",
    )
    parser.add_argument("--home", type=Path, metavar="DIR", help="directory of the store (MUTAGENT_HOME, ~/.mutagent)")


def run(args: argparse.Namespace) -> int:
    """Run the command and return its exit code: the agent's own, or 1 where there is nothing to show."""
    missing = [name for name in CLIENTS if find_spec(name) is None]
    if missing:
        return _complain(f"the demo needs {' and '.join(missing)}: pip install 'mutagent-sdk[demo]'")
    from mutagent.auto.activation import new_run_id
    from mutagent.demo.conversation import CONVERSATION
    from mutagent.demo.provider import Provider
    from mutagent.store.rows import default_home

    home, run_id = (args.home or default_home()).absolute(), new_run_id()
    print(f"$ python -m mutagent.auto {AGENT.name}\n", flush=True)
    with Provider(CONVERSATION) as provider:
        environ = agent_environment(os.environ, provider, home, run_id)
        code = subprocess.run([sys.executable, "-m", "mutagent.auto", "--quiet", str(AGENT)], env=environ).returncode
    return code or show_run(home, run_id)


def agent_environment(environ: Mapping[str, str], provider: Provider, home: Path, run_id: str) -> dict[str, str]:
    """The environment of the agent's process.

    Args:
        environ: the user's, of which keys, endpoints, proxies and mutagent's settings are left out.
        provider: who answers the clients.
        home: directory of the local store.
        run_id: what the traces of this run are found by.
    """
    kept = {name: value for name, value in environ.items() if not _is_withheld(name.upper())}
    if _PACKAGE_ROOT.name not in ("site-packages", "dist-packages"):
        # A checkout: found here through the current directory, which start-up hooks do not search.
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_PACKAGE_ROOT), kept.get("PYTHONPATH"))))
    recorded = {"MUTAGENT_LOCAL": "1", "MUTAGENT_HOME": str(home), "MUTAGENT_RUN_ID": run_id}
    return kept | provider.environment() | recorded


def _is_withheld(name: str) -> bool:
    return name.startswith(_WITHHELD_PREFIXES) or name.endswith(_WITHHELD_SUFFIX)


def show_run(home: Path, run_id: str) -> int:
    """Print the traces of one run as one tree, and how to look at them again.

    Args:
        home: directory of the local store.
        run_id: the run's id, as the traces' metadata has it.

    Returns:
        The exit code: 1 where nothing of the run is stored.
    """
    from mutagent.store.reader import StoreReader

    reader = StoreReader(home)
    found = [reader.trace(summary.trace_id) for summary in reader.traces(_MOST_TRACES, run_id=run_id)]
    traces = [trace for trace in found if trace is not None]
    if not traces:
        return _complain(f"nothing was recorded in {home}; `mutagent doctor` says what is traced, and why not.")
    print(_drawn(_as_one(traces, run_id)))
    print("Nothing left this machine. To look again:")
    print("  mutagent traces --run last        the calls of this run")
    print("  mutagent traces last --full       the newest call, with all of its input and output")
    return 0


def _as_one(traces: list[Trace], run_id: str) -> Trace:
    """All spans of the run: the agent has no span around its calls, so each call is the root of a trace."""
    from mutagent.store.fields import text
    from mutagent.store.trace import Trace

    spans = sorted((span for trace in traces for span in trace.spans), key=lambda span: text(span, "startTime"))
    return Trace(traces[0].seq, run_id, traces[0].header, spans)


def _drawn(run: Trace) -> str:
    from mutagent.store.summary import summarise
    from mutagent.terminal.heading import tokens_text
    from mutagent.terminal.style import style_for, tree_width
    from mutagent.terminal.text import cost
    from mutagent.terminal.tree import render_trace

    style, sums = style_for(sys.stdout), summarise(run)
    tokens = tokens_text(sums.tokens.input, sums.tokens.output, style)
    line = [f"\nRecorded {len(run.spans)} calls", f"{tokens} tokens" if tokens else "", cost(sums.cost_usd)]
    # The heading of a tree is about one trace, and these are several.
    tree = render_trace(run, tree_width(sys.stdout), style=style).partition("\n\n")[2]
    return f" {style.dot} ".join(filter(None, line)) + f"\n\n{tree}"


def _complain(line: str) -> int:
    sys.stderr.write(f"mutagent: {line}\n")
    return 1
