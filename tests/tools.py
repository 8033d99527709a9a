"""Programs that some tests need: found, installed where everything must run, else a reason to skip."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def tool(package: str, *names: str) -> str:
    """The path of a program.

    Where it is missing, the test is skipped; under ``CI=true`` it is installed from Debian's package, or fails.

    Args:
        package: Debian's name of the package.
        names: what the program may be called; the package's name by default.
    """
    found = _found(names or (package,))
    if found is None and os.environ.get("CI") == "true":
        with _alone():
            found = _found(names or (package,))
            if found is None:
                _install(package)
                found = _found(names or (package,))
        if found is None:
            pytest.fail(f"{package} is not installed, and could not be")
    if found is None:
        pytest.skip(f"{package} is not installed")
    return found


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time: tests run in several, and of two installers Debian's own lock lets one fail."""
    import fcntl  # Debian's package is for systems that have it

    with open(Path(tempfile.gettempdir()) / "mutagent-tests-install.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _found(names: tuple[str, ...]) -> str | None:
    return next((path for name in names if (path := shutil.which(name)) is not None), None)


def _install(package: str) -> None:
    if shutil.which("apt-get") is None:
        return
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", package]):
        subprocess.run(
            command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=600
        )
