"""Start files: auto mode for every program of one environment, without PYTHONPATH.

They are written on request only. Start files inside wheels have carried malware, so scanners flag packages that ship
them; here the owner of the environment decides, and can read what was written.
"""

from __future__ import annotations

import os
import sysconfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = "mutagent_auto"

# A module of its own, as a .start file can name a function but not guard itself: what it names has to be importable
# after mutagent is uninstalled, or Python 3.15 prints a traceback at each start (https://peps.python.org/pep-0829/).
_MODULE = '''\
"""Written by `mutagent auto enable`; `mutagent auto disable` removes it. It acts only where MUTAGENT_AUTO is 1."""


def start():
    import os

    if os.environ.get("MUTAGENT_AUTO", "").strip().lower() not in ("1", "true", "yes", "on"):
        return
    try:
        from mutagent.auto import activation

        activation.activate_from_environment()
    except Exception:  # half an installation must not add a line to a program's output
        pass
'''

# Python runs a .pth file twice in a virtual environment, so start() is safe to repeat.
_PTH = "import os; os.environ.get('MUTAGENT_AUTO') and __import__('{module}').start()\n"

# From Python 3.15 on this replaces the import line of the .pth file of the same name.
_START = "{module}:start\n"


def site_directory() -> str:
    """The site-packages directory of the environment that this interpreter belongs to."""
    return sysconfig.get_path("purelib")


def _files(directory: str) -> dict[str, str]:
    module = f"_{_NAME}_start"
    return {
        os.path.join(directory, f"{module}.py"): _MODULE,
        os.path.join(directory, f"{_NAME}.start"): _START.format(module=module),
        os.path.join(directory, f"{_NAME}.pth"): _PTH.format(module=module),
    }


def enable(directory: str | None = None) -> list[str]:
    """Write the start files, over those that are there.

    Args:
        directory: a directory that site reads start files from; by default that of the active environment.

    Returns:
        The paths written, the ``.pth`` file last: the others do nothing without it.

    Raises:
        OSError: if the directory is missing or not writable.
    """
    files = _files(directory or site_directory())
    for path, text in files.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return list(files)


def disable(directory: str | None = None) -> list[str]:
    """Remove the start files, from the environment of this interpreter by default.

    Returns:
        The paths removed; empty if there were none.

    Raises:
        OSError: if a file is there and can't be removed.
    """
    return list(_remove(directory or site_directory()))


def _remove(directory: str) -> Iterator[str]:
    # The .pth file first: it leads to the others.
    for path in reversed(_files(directory)):
        if os.path.exists(path):
            os.remove(path)
            yield path


def is_enabled(directory: str | None = None) -> bool:
    """Whether the start files are in place."""
    return all(os.path.exists(path) for path in _files(directory or site_directory()))
