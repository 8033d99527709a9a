"""Environments of their own for what is not installed beside the tests: made at first use, kept with the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HOME = Path(__file__).parents[1] / ".venv" / "environments"


class Unavailable(Exception):
    """The environment can't be made here: most likely there is no package index."""


def python_of(name: str, requirements: Sequence[str]) -> str:
    """The interpreter of an environment that has these requirements, of the Python that asks.

    Args:
        name: of its directory.
        requirements: as pip takes them; where they are no longer what they were, it is made anew.

    Raises:
        Unavailable: with the installer's last line.
    """
    directory = HOME / "{}-{}.{}".format(name, *sys.version_info)
    python, stamp = directory / "bin" / "python", directory / "requirements.txt"
    wanted = "\n".join(requirements)
    if not stamp.exists() or stamp.read_text() != wanted:
        with _alone(directory):
            if not stamp.exists() or stamp.read_text() != wanted:
                _make(directory, requirements)
                stamp.write_text(wanted)
    return str(python)


def available(name: str, requirements: Sequence[str]) -> str:
    """Like :func:`python_of`, for a test: skipped where the environment can't be made, failed under ``CI=true``."""
    import pytest

    try:
        return python_of(name, requirements)
    except Unavailable as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"needs a package index: {error}")


class _alone:
    """One process makes an environment, another that wants it waits."""

    def __init__(self, directory: Path) -> None:
        directory.parent.mkdir(parents=True, exist_ok=True)
        self._path = directory.with_name(f"{directory.name}.lock")

    def __enter__(self) -> None:
        self._file = open(self._path, "w")
        if os.name == "posix":
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _make(directory: Path, requirements: Sequence[str]) -> None:
    print(f"making {directory} ...", file=sys.stderr)
    python, uv = f"{directory}/bin/python", shutil.which("uv")
    if uv is not None:
        _run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(directory))
        _run(uv, "pip", "install", "--quiet", "--python", python, *requirements)
        return
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _run(sys.executable, "-m", "venv", "--clear", str(directory))
    try:
        _run(*pip, "uv")  # which takes a tenth of the time, where it finds the same index
        _run(f"{directory}/bin/uv", "pip", "install", "--quiet", "--python", python, *requirements)
    except Unavailable:
        _run(*pip, *requirements)


def _run(*command: str) -> None:
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable((done.stderr.strip().splitlines() or [f"{command[0]} failed"])[-1])
