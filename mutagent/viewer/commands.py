"""``mutagent view``: look at the traces of the local store in a browser."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

PORT = 8321
_DESCRIPTION = """\
Look at the recorded traces in a browser. The viewer also takes traces from other programs:
MUTAGENT_ENDPOINT=http://127.0.0.1:PORT sends them here."""


def add_parser(subparsers: Any) -> None:
    """Add the command's parser to the ones of ``mutagent``."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "view",
        help="look at the recorded traces in a browser",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=_port, default=PORT, help=f"port, or the next free one ({PORT})")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (127.0.0.1); beyond this machine it demands a token",
    )
    parser.add_argument("--no-open", action="store_true", help="don't open a browser")
    parser.add_argument("--home", type=Path, metavar="DIR", help="directory of the store (MUTAGENT_HOME, ~/.mutagent)")


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C; the exit code is 1 where the viewer can't be served."""
    try:
        from mutagent.viewer import app, serve, site
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("mutagent"):
            raise
        return _complain("`mutagent view` needs a few packages more: pip install 'mutagent-sdk[view]'")
    from mutagent.config import resolve_quietly
    from mutagent.store.rows import default_home

    try:
        rules = serve.rules_for(args.host)
        listening = serve.bind(args.host, args.port)
    except serve.Unservable as error:
        return _complain(str(error))
    settings = resolve_quietly()[0]
    limits = (settings.store_max_bytes, settings.store_max_age_days) if settings else (2 << 30, 30.0)
    shown = site.Site((args.home or default_home()).expanduser(), *limits)
    serve.serve(app.create_app(shown, rules), shown.hub, listening, rules, args.host, open_browser=not args.no_open)
    return 0


def _port(given: str) -> int:
    number = int(given)
    if not 0 <= number < 65_536:
        raise ValueError(given)
    return number


def _complain(line: str) -> int:
    sys.stderr.write(f"mutagent: {line}\n")
    return 1
