"""``mutagent traces``: list what the local store holds, or show one trace."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mutagent.terminal.search import add_filters, search, wanted_of

if TYPE_CHECKING:
    from mutagent.store.reader import StoreReader
    from mutagent.store.summary import TraceSummary
    from mutagent.store.trace import Trace

FOUND, NOT_FOUND, USAGE = 0, 1, 2
LAST = "last"
_DEFAULT_LIMIT = 20
_EPILOG = """\
examples:
  mutagent traces                     the newest 20
  mutagent traces last                the newest as a tree
  mutagent traces 4f2a --full         one by the first digits of its id, inputs and outputs whole
  mutagent traces --status error --json
  mutagent traces --model gpt-4o --since 24h -q refund
  mutagent traces --follow            spans as they begin and end, until Ctrl-C
exit code: 0 found, 1 nothing found, 2 wrong usage"""


def add_parser(subparsers: Any) -> None:
    """Add the command's parser to the ones of ``mutagent``."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "traces",
        help="list the traces recorded on this machine, or show one",
        description="List the traces in the local store, newest first, or show one as a tree.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("trace", nargs="?", metavar="ID", help="a trace id, its first digits, or `last`")
    parser.add_argument("--full", action="store_true", help="with ID: inputs, outputs and attributes whole")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument("--limit", type=_positive, default=_DEFAULT_LIMIT, metavar="N", help="list at most N (20)")
    parser.add_argument("--follow", action="store_true", help="show spans as they begin and end")
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="with ID: write it as one HTML file that needs no other"
    )
    parser.add_argument("--run", metavar="ID", help="only traces of this run (process tree); `last`: the newest run")
    parser.add_argument("--home", type=Path, metavar="DIR", help="directory of the store (MUTAGENT_HOME, ~/.mutagent)")
    add_filters(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from mutagent.store.errors import AmbiguousPrefix, StoreUnreadable
    from mutagent.store.reader import StoreReader
    from mutagent.store.rows import default_home

    try:
        reader = StoreReader(args.home or default_home())
        return _chosen_way(args)(reader, args)
    except AmbiguousPrefix as error:
        return _complain(f"{error}; give more digits.", USAGE)
    except StoreUnreadable as error:
        return _complain(f"the local store can't be read: {error}.", NOT_FOUND)


def _chosen_way(args: argparse.Namespace) -> Callable[[StoreReader, argparse.Namespace], int]:
    if args.follow:
        return _follow
    if args.html:
        return _write_html
    return _show_trace if args.trace else _show_list


def _follow(reader: StoreReader, args: argparse.Namespace) -> int:
    if args.trace or args.html:
        return _complain("--follow shows what comes; it goes with filters, not with an ID or --html.", USAGE)
    from mutagent.terminal.follow import display_for, follow
    from mutagent.terminal.style import is_terminal, style_for

    if is_terminal(sys.stderr):
        _complain(f"following {reader.home}; Ctrl-C ends it.", FOUND)
    wanted = wanted_of(args, _run_id(reader, args.run))
    follow(reader, wanted, display_for(sys.stdout, style_for(sys.stdout), args.json))
    return FOUND


def _write_html(reader: StoreReader, args: argparse.Namespace) -> int:
    found = _chosen(reader, args) if args.trace else None
    if found is None:
        return (
            _no_such_trace(reader, args) if args.trace else _complain("--html needs a trace: its ID, or last.", USAGE)
        )
    try:
        from mutagent.viewer.export import trace_html
    except ModuleNotFoundError as error:
        return _complain(f"--html needs {error.name}: pip install 'mutagent-sdk[view]'", USAGE)
    try:
        args.html.write_text(trace_html(found), "utf-8")
    except OSError as error:
        return _complain(f"{args.html}: {error.strerror}.", USAGE)
    return FOUND


def _show_list(reader: StoreReader, args: argparse.Namespace) -> int:
    found = _listed(reader, args, args.limit)
    if args.json:
        _print_json({"traces": [trace.to_dict() for trace in found]})
    elif found:
        from mutagent.terminal.style import list_width, style_for
        from mutagent.terminal.table import render_list

        _print(render_list(found, list_width(sys.stdout), style=style_for(sys.stdout)))
    if found:
        return FOUND
    if _filtered(args) and reader.oldest_seq() is not None:
        return _complain("no trace matches.", NOT_FOUND)
    return _complain(
        f"no traces in {reader.home}. Record some: MUTAGENT_LOCAL=1 python -m mutagent.auto your_program.py", NOT_FOUND
    )


def _show_trace(reader: StoreReader, args: argparse.Namespace) -> int:
    found = _chosen(reader, args)
    if found is None:
        return _no_such_trace(reader, args)
    if args.json:
        _print_json(found.to_dict())
        return FOUND
    from mutagent.terminal.style import bar_columns, style_for, tree_width
    from mutagent.terminal.tree import render_trace

    out = sys.stdout
    _print(render_trace(found, tree_width(out), full=args.full, bars=bar_columns(out), style=style_for(out)))
    return FOUND


def _no_such_trace(reader: StoreReader, args: argparse.Namespace) -> int:
    return _complain(f"no trace {args.trace!r} in {reader.home}; `mutagent traces` lists them.", NOT_FOUND)


def _chosen(reader: StoreReader, args: argparse.Namespace) -> Trace | None:
    if args.trace != LAST:
        return reader.trace(args.trace)
    newest = _listed(reader, args, _DEFAULT_LIMIT)
    return reader.trace(newest[0].trace_id) if newest else None


def _listed(reader: StoreReader, args: argparse.Namespace, limit: int) -> list[TraceSummary]:
    # Rows come in the order in which spans end; within a page people expect the order in which they began.
    found = search(reader, wanted_of(args, _run_id(reader, args.run)), limit)
    return sorted(found, key=lambda trace: trace.start_time, reverse=True)


def _run_id(reader: StoreReader, given: str | None) -> str | None:
    if given != LAST:
        return given
    newest = reader.traces(1)
    # Where nothing names a run no trace matches: an empty id belongs to none.
    return (newest[0].run_id if newest else None) or ""


def _filtered(args: argparse.Namespace) -> bool:
    return not wanted_of(args, args.run).everything


def _print(shown: str) -> None:
    # An encoding without the character prints a question mark, not a traceback.
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    sys.stdout.write(shown.encode(encoding, "replace").decode(encoding))


def _print_json(value: Any) -> None:
    # ASCII only: control characters and lone surrogates stay escaped, and a terminal is not driven by them.
    sys.stdout.write(json.dumps(value, indent=2).replace("\x7f", "\\u007f") + "\n")


def _complain(line: str, code: int) -> int:
    from mutagent.terminal.text import one_line

    sys.stderr.write(f"mutagent: {one_line(line)}\n".encode("ascii", "backslashreplace").decode("ascii"))
    return code


def _positive(given: str) -> int:
    number = int(given)
    if number < 1:
        raise ValueError(given)
    return number
