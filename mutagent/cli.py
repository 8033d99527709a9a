"""The ``mutagent`` command: finds the subcommand and loads its module, and no other."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from mutagent import __version__

# Each module has `add_parser(subparsers)` and `run(args) -> int`.
COMMANDS: dict[str, tuple[str, str]] = {
    "view": ("mutagent.viewer.commands", "look at the recorded traces in a browser"),
    "traces": ("mutagent.terminal.commands", "list the traces recorded on this machine, or show one"),
    "doctor": ("mutagent.doctor.commands", "say what is traced here, what is not, and why"),
    "auto": ("mutagent.auto.commands", "switch tracing on for programs: path, env, enable, disable"),
    "demo": ("mutagent.demo.commands", "run a small agent against a stand-in provider and show its trace"),
}
USAGE = 2
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: its arguments; ``sys.argv[1:]`` by default.

    Returns:
        The exit code: 2 for wrong usage, else the subcommand's.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = next((word for word in arguments if not word.startswith("-")), None)
    try:
        return _run(arguments, _load(name) if name in COMMANDS else None, name)
    except _Missing as error:
        sys.stderr.write(f"mutagent: {error}\n")
        return USAGE
    except SystemExit as error:
        # argparse ends so: 0 after --help and --version, 2 for wrong usage.
        return error.code if isinstance(error.code, int) else 0
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        return _leave_the_pipe()


class _Missing(Exception):
    """A subcommand whose module, or a package it needs, is not installed."""


def _load(name: str) -> ModuleType:
    module = COMMANDS[name][0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise _Missing(f"this installation has no `{name}` command ({error.name} is missing).") from None
        raise _Missing(
            f"`mutagent {name}` needs {error.name}, which is not installed: pip install {error.name}"
        ) from None


def _run(arguments: list[str], module: ModuleType | None, name: str | None) -> int:
    parser = _parser(module, name)
    args = parser.parse_args(arguments)
    if module is None:
        parser.print_help()
        return USAGE
    code: int = module.run(args)
    # Here, while a reader that has gone is still caught; at exit it would be a traceback.
    sys.stdout.flush()
    return code


def _parser(module: ModuleType | None, name: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mutagent", description="See every LLM call of a Python program.")
    parser.add_argument("--version", action="version", version=f"mutagent {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for command, (_, meaning) in COMMANDS.items():
        if module is not None and command == name:
            module.add_parser(subparsers)
        else:
            subparsers.add_parser(command, help=meaning)
    return parser


def _leave_the_pipe() -> int:
    # The reader (`head`, a pager) has seen enough. What is still buffered goes nowhere, quietly.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
