"""``mutagent doctor``: look at everything, and say what is wrong and what to do about it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

HEALTHY, SICK = 0, 1
_TIMEOUT = 15.0
_EPILOG = """\
exit code: 0 nothing is wrong (there may be warnings), 1 something is, 2 wrong usage"""


def add_parser(subparsers: Any) -> None:
    """Add the command's parser to the ones of ``mutagent``."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "doctor",
        help="say what is traced here, what is not, and why",
        description="Look at Python, how tracing starts here, the libraries, the settings, and what was delivered; "
        "say what is wrong and what to do about it. Nothing is sent without --live, and no key is printed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--live", action="store_true", help="send one test trace to the endpoint, with the key")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=_TIMEOUT,
        metavar="SECONDS",
        help=f"stop looking after so long ({_TIMEOUT:.0f})",
    )


def run(args: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from mutagent.doctor.examination import examine
    from mutagent.doctor.findings import PROBLEM, count
    from mutagent.doctor.secrets import secrets_of, without_secrets
    from mutagent.doctor.surroundings import surroundings
    from mutagent.doctor.text import as_json, render

    here = surroundings(args.timeout, args.live)
    secrets = secrets_of(here.environ)
    sections = [without_secrets(section, secrets) for section in examine(here)]
    if args.json:
        _print(json.dumps(as_json(sections), indent=2) + "\n")
    else:
        from mutagent.terminal.style import style_for, tree_width

        _print(render(sections, tree_width(sys.stdout), style_for(sys.stdout)))
    return SICK if count(sections, PROBLEM) else HEALTHY


def _print(shown: str) -> None:
    # An encoding without the character prints a question mark, not a traceback.
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    sys.stdout.write(shown.encode(encoding, "replace").decode(encoding))


def _seconds(given: str) -> float:
    seconds = float(given)
    if not 0 < seconds < 3600:
        raise ValueError(given)
    return seconds
