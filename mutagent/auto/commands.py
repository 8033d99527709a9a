"""The subcommands ``mutagent auto path | env | enable | disable``."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

from mutagent.auto import startfiles
from mutagent.auto.environment import BOOTSTRAP

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

_SHELL = """\
# shell
export MUTAGENT_AUTO=1
export PYTHONPATH={quoted}"${{PYTHONPATH:+:$PYTHONPATH}}"
"""

_POWERSHELL = """\
# PowerShell
$env:MUTAGENT_AUTO = "1"
$env:PYTHONPATH = "{path};$env:PYTHONPATH"
"""

_DOCKER = """\
# Dockerfile; the path is that of this environment, so run this command in the image
ENV MUTAGENT_AUTO=1
ENV PYTHONPATH="{path}${{PYTHONPATH:+:${{PYTHONPATH}}}}"
"""

_KUBERNETES = """\
# Kubernetes, under spec.containers[]; the path is that of this environment, so run this command in the image
env:
  - name: MUTAGENT_AUTO
    value: "1"
  - name: PYTHONPATH
    value: "{path}"
"""

_FORMATS = {
    "shell": _POWERSHELL if os.name == "nt" else _SHELL,
    "docker": _DOCKER,
    "kubernetes": _KUBERNETES,
}


def add_parser(subparsers: Any) -> None:
    """Add ``auto`` and its subcommands.

    Args:
        subparsers: what ``ArgumentParser.add_subparsers()`` returned.
    """
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "auto",
        help="switch tracing on for programs: path, env, enable, disable",
        description="Switch tracing on for whole environments. For one program: python -m mutagent.auto app.py",
    )
    commands = parser.add_subparsers(dest="auto_command", metavar="COMMAND", required=True)
    commands.add_parser("path", help="print the directory to put on PYTHONPATH")
    env = commands.add_parser("env", help="print what to set in a shell, a Dockerfile and a pod spec")
    env.add_argument("--format", choices=list(_FORMATS), help="only this one; all by default")
    commands.add_parser("enable", help="write start files into this environment, which then obeys MUTAGENT_AUTO=1")
    commands.add_parser("disable", help="remove these start files")


def run(args: argparse.Namespace) -> int:
    """Run the subcommand that was parsed; returns the exit code."""
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "path": _path,
        "env": _env,
        "enable": _enable,
        "disable": _disable,
    }
    return commands[args.auto_command](args)


def _path(args: argparse.Namespace) -> int:
    print(BOOTSTRAP)
    return 0


def _env(args: argparse.Namespace) -> int:
    wanted = [args.format] if args.format else list(_FORMATS)
    print("\n".join(_FORMATS[name].format(path=BOOTSTRAP, quoted=shlex.quote(BOOTSTRAP)) for name in wanted), end="")
    return 0


def _enable(args: argparse.Namespace) -> int:
    try:
        written = startfiles.enable()
    except OSError as error:
        return _failed(error)
    for path in written:
        print(f"wrote {path}")
    print(f"Programs of {sys.prefix} are traced when MUTAGENT_AUTO=1. Undo: mutagent auto disable")
    return 0


def _disable(args: argparse.Namespace) -> int:
    try:
        removed = startfiles.disable()
    except OSError as error:
        return _failed(error)
    for path in removed:
        print(f"removed {path}")
    if not removed:
        print(f"nothing to remove in {startfiles.site_directory()}")
    return 0


def _failed(error: OSError) -> int:
    sys.stderr.write(
        f"mutagent: {error.filename}: {error.strerror}.\n"
        "mutagent: use a virtual environment, or PYTHONPATH (`mutagent auto env`).\n"
    )
    return 1
