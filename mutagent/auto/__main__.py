"""The runner: ``python -m mutagent.auto [options] app.py args...``

It replaces itself with a fresh interpreter that has the bootstrap directory on PYTHONPATH, so that the program runs
exactly as without it: argv, sys.path[0], __main__, pickling, tracebacks. Until then it imports no more than os and sys:
``python -m`` puts the current directory first on sys.path, and a types.py or httpx.py there is the user's.
"""

from __future__ import annotations

import os
import sys

from mutagent.auto import environment
from mutagent.auto.activation import switch
from mutagent.auto.target import Target, find_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

USAGE = "usage: python -m mutagent.auto [options] app.py|-m module|-c code|-|command [args...]\n"

HELP = (
    USAGE
    + """
Run a Python program with tracing on, unchanged otherwise: a script, a directory, a zip, -m module, -c code,
- (standard input), or a command such as `gunicorn app:app`. Its child processes are traced too.
Python's own flags go before -m: python -X dev -m mutagent.auto app.py

options:
  --summary        print the tree of spans when the program ends
  --quiet          print nothing
  --local          record on this machine, wherever else the spans go
  --service NAME   the service name of the spans
  -h, --help       print this

environment:
  MUTAGENT_API_KEY   send spans to MutagenT; without it they are recorded on this machine (`mutagent view`)
  MUTAGENT_AUTO=0    run the program without tracing
"""
)


class Options:
    """What the words before the program say."""

    def __init__(self) -> None:
        self.help = False
        self.summary: str | None = None
        self.local = False
        self.service: str | None = None


def parse(words: list[str]) -> tuple[Options, list[str]]:
    """Split ``words`` into our options and the program with its arguments.

    Raises:
        ValueError: for an option that is none of ours, saying so.
    """
    options, rest = Options(), list(words)
    while rest and rest[0].startswith("--"):
        word, _, value = rest.pop(0).partition("=")
        if word == "--":
            break
        if word == "--service":
            options.service = value or (rest.pop(0) if rest else "")
            if not options.service:
                raise ValueError("--service needs a name")
        elif value or not _set_flag(options, word):
            raise ValueError(f"unknown option {word}")
    if rest and rest[0] == "-h":
        options.help = True
    elif rest and rest[0].startswith("-") and not rest[0].startswith(("-m", "-c")) and rest[0] != "-":
        raise ValueError(f"unknown option {rest[0]}; Python's own flags go before -m mutagent.auto")
    return options, rest


def _set_flag(options: Options, word: str) -> bool:
    if word in ("--summary", "--quiet"):
        options.summary = "tree" if word == "--summary" else "off"
    elif word == "--local":
        options.local = True
    elif word == "--help":
        options.help = True
    else:
        return False
    return True


def main(words: list[str]) -> int:
    """Run the program that ``words`` name. Returns only if that can't be done (or on Windows)."""
    _forget_current_directory()
    try:
        options, rest = parse(words)
    except ValueError as error:
        sys.stderr.write(f"mutagent.auto: {error}\n{USAGE}")
        return 2
    if options.help:
        sys.stdout.write(HELP)
        return 0
    if not rest or rest in (["-m"], ["-c"]):
        sys.stderr.write(USAGE)
        return 2
    target = find_target(rest)
    if options.summary != "off":
        _say_what_is_in_the_way(target)
    environ = environment.traced(os.environ, summary=options.summary, local=options.local, service=options.service)
    return execute(target, environ)


def _forget_current_directory() -> None:
    """Take the entry off sys.path that ``python -m`` has put there; nothing may be imported from it from now on."""
    if sys.flags.isolated or getattr(sys.flags, "safe_path", False) or not sys.path:
        return
    try:
        here = os.getcwd()
    except OSError:
        # Deleted under our feet: Python leaves the entry empty then.
        here = ""
    if sys.path[0] in ("", here):
        del sys.path[0]


def _say_what_is_in_the_way(target: Target) -> None:
    if switch(os.environ) is False:
        return
    flags = _flags_against_start_up() if target.is_python else ""
    if flags:
        sys.stderr.write(
            f"mutagent: start-up hooks are off under {flags}, so nothing is traced from the start. Run without it, or "
            "call mutagent.auto.instrument() in the program.\n"
        )
    elif not _is_importable():
        sys.stderr.write(
            "mutagent: found in the current directory only, where start-up hooks can't find it, so nothing is traced "
            f"from the start. Install it, or set PYTHONPATH={os.getcwd()}\n"
        )


def _flags_against_start_up() -> str:
    """The flags that keep start-up hooks from running, as typed; empty if there are none."""
    environment_off = "-I" if sys.flags.isolated else "-E" if sys.flags.ignore_environment else ""
    if environment_off and not sys.flags.no_site:
        from mutagent.auto import startfiles

        # -I and -E switch PYTHONPATH off, but not the start files of `mutagent auto enable`.
        return "" if startfiles.is_enabled() else environment_off
    return " and ".join(filter(None, (environment_off, "-S" if sys.flags.no_site else "")))


def _is_importable() -> bool:
    for finder in sys.meta_path:
        find_spec = getattr(finder, "find_spec", None)
        if find_spec is not None and find_spec("mutagent", None) is not None:
            return True
    return False


def execute(target: Target, environ: Mapping[str, str]) -> int:
    """Become the target, or where that is not possible (Windows) run it and return its exit code."""
    try:
        if os.name == "nt":
            return _run_as_child(target, environ)
        if not target.is_python:
            _restore_signals()
        os.execve(target.executable, target.argv, environ)
    except OSError as error:
        sys.stderr.write(f"mutagent.auto: can't run {target.executable}: {error.strerror}\n")
        return 126


def _restore_signals() -> None:
    """Undo what this Python has ignored at its start; a shell script would inherit it."""
    import signal

    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)


def _run_as_child(target: Target, environ: Mapping[str, str]) -> int:
    # exec on Windows returns to the shell at once, while the program is still running.
    import signal
    import subprocess

    # Ctrl-C goes to the whole console; what it means is the program's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with subprocess.Popen(target.argv, executable=target.executable, env=dict(environ)) as child:
        return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
