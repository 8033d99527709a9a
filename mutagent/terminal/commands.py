"""``mutagent traces``: list what the local store holds, or show one trace."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mutagent.store.reader import StoreReader
    from mutagent.store.summary import TraceSummary
    from mutagent.store.trace import Trace

FOUND, NOT_FOUND, USAGE = 0, 1, 2
STATUSES = ("ok", "error", "open", "unset", "interrupted", "abandoned")
LAST = "last"
_DEFAULT_LIMIT = 20
_EPILOG = """\
examples:
  mutagent traces                     the newest 20
  mutagent traces last                the newest as a tree
  mutagent traces 4f2a --full         one by the first digits of its id, inputs and outputs whole
  mutagent traces --status error --json
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
    parser.add_argument("--session", metavar="ID", help="only traces of this session")
    parser.add_argument("--status", choices=STATUSES, help="only with this status; error: any span failed")
    parser.add_argument("--run", metavar="ID", help="only traces of this run (process tree); `last`: the newest run")
    parser.add_argument("--home", type=Path, metavar="DIR", help="directory of the store (MUTAGENT_HOME, ~/.mutagent)")


def run(args: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from mutagent.store.errors import AmbiguousPrefix, StoreUnreadable
    from mutagent.store.reader import StoreReader
    from mutagent.store.rows import default_home

    try:
        reader = StoreReader(args.home or default_home())
        return _show_trace(reader, args) if args.trace else _show_list(reader, args)
    except AmbiguousPrefix as error:
        return _complain(f"{error}; give more digits.", USAGE)
    except StoreUnreadable as error:
        return _complain(f"the local store can't be read: {error}.", NOT_FOUND)


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
        return _complain(f"no trace {args.trace!r} in {reader.home}; `mutagent traces` lists them.", NOT_FOUND)
    if args.json:
        _print_json(found.to_dict())
        return FOUND
    from mutagent.terminal.style import style_for, tree_width
    from mutagent.terminal.tree import render_trace

    _print(render_trace(found, tree_width(sys.stdout), full=args.full, style=style_for(sys.stdout)))
    return FOUND


def _chosen(reader: StoreReader, args: argparse.Namespace) -> Trace | None:
    if args.trace != LAST:
        return reader.trace(args.trace)
    newest = _listed(reader, args, _DEFAULT_LIMIT)
    return reader.trace(newest[0].trace_id) if newest else None


def _listed(reader: StoreReader, args: argparse.Namespace, limit: int) -> list[TraceSummary]:
    # Rows come in the order in which spans end; within a page people expect the order in which they began.
    found = reader.traces(limit, run_id=_run_id(reader, args.run), session_id=args.session, status=args.status)
    return sorted(found, key=lambda trace: trace.start_time, reverse=True)


def _run_id(reader: StoreReader, given: str | None) -> str | None:
    if given != LAST:
        return given
    newest = reader.traces(1)
    # Where nothing names a run no trace matches: an empty id belongs to none.
    return (newest[0].run_id if newest else None) or ""


def _filtered(args: argparse.Namespace) -> bool:
    return bool(args.session or args.status or args.run)


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
