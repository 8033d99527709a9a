"""What the runner is to start: from the words of its command line to a file to execute.

It imports no more than os and sys: see the runner.
"""

from __future__ import annotations

import os
import sys

_MODULE = "mutagent.auto"
_BINARIES = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_PYTHON_SUFFIXES = (".py", ".pyw", ".pyc", ".pyz")


class Target:
    """A file to execute, its argv (the name it is called by first), and whether it is this Python."""

    __slots__ = ("argv", "executable", "is_python")

    def __init__(self, executable: str, argv: list[str], is_python: bool) -> None:
        self.executable = executable
        self.argv = argv
        self.is_python = is_python


def find_target(words: list[str]) -> Target:
    """Decide whether ``words`` are for this Python or start with a command.

    For Python are ``-m``, ``-c``, ``-`` and what exists as a script, a directory or a zip; a name that is nothing at
    all too, as Python says best that it can't be opened.
    """
    first = words[0]
    if first == "-" or first.startswith(("-m", "-c")) or _is_for_python(first):
        return _python(words)
    command = first if os.path.exists(first) and _is_program(first) else find_command(first)
    return _python(words) if command is None else Target(command, words, is_python=False)


def _python(words: list[str]) -> Target:
    return Target(sys.executable, [_interpreter_name(), *interpreter_flags(), *words], is_python=True)


def _is_for_python(path: str) -> bool:
    if os.path.isdir(path):
        # A project often has a directory named like the command that serves it.
        return os.path.exists(os.path.join(path, "__main__.py")) or find_command(path) is None
    return os.path.exists(path) and not _is_program(path)


def _is_program(path: str) -> bool:
    """Whether a file is a binary or another language's script, which Python could not run."""
    if path.endswith(_PYTHON_SUFFIXES) or not os.path.isfile(path) or not os.access(path, os.X_OK):
        return False
    try:
        with open(path, "rb") as file:
            line = file.readline(256)
    except OSError:
        return False
    return line.startswith(_BINARIES) or (line.startswith(b"#!") and b"python" not in line)


def find_command(name: str) -> str | None:
    """The path of a command, or None.

    A virtual environment's own commands come first: ``.venv/bin/python -m mutagent.auto pytest`` means the pytest
    beside that Python, whether or not the environment is activated.
    """
    if os.path.dirname(name):
        return None
    own = [os.path.dirname(sys.executable)] if sys.prefix != sys.base_prefix else []
    return _search(name, own + _path())


def _path() -> list[str]:
    return os.environ.get("PATH", os.defpath).split(os.pathsep)


def _search(name: str, directories: list[str]) -> str | None:
    endings = os.environ.get("PATHEXT", "").split(";") if os.name == "nt" else [""]
    for directory in directories:
        for ending in endings:
            path = os.path.join(directory, name + ending)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return path
    return None


def interpreter_flags() -> list[str]:
    """The flags that this interpreter was started with, such as ``["-X", "dev", "-O"]``."""
    own = sys.orig_argv[1 : len(sys.orig_argv) - (len(sys.argv) - 1)]
    if own and own[-1] == _MODULE:
        own.pop()
        glued = own.pop() if own else ""
    elif own and own[-1].endswith("m" + _MODULE):
        glued = own.pop()[: -len(_MODULE)]
    else:
        return []
    # -Om mutagent.auto: the flags before the m stay.
    return [*own, glued[:-1]] if len(glued) > 2 else own


def _interpreter_name() -> str:
    """The name the interpreter was called by, if Python would find itself by that name again, else its path."""
    name = sys.orig_argv[0] if sys.orig_argv else ""
    found = name if os.path.dirname(name) else _search(name, _path())
    return name if found and os.path.abspath(found) == os.path.abspath(sys.executable) else sys.executable
