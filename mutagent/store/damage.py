"""Move a damaged store out of the way, so that recording goes on and nothing is deleted."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mutagent.store.connection import Identity, identity_of

_PARTS = ("-wal", "-shm", "")
# The lock is held for three renames.
_ATTEMPTS = 50
_RETRY_SECONDS = 0.01


def set_aside(path: Path, damaged: Identity) -> Path | None:
    """Rename the store's files to ``<name>.damaged-<n>``.

    Args:
        path: the store's file.
        damaged: the file that was found damaged. Several processes find out at about the same time; the first one moves
            it, and the others must not move the sound file that has taken its place.

    Returns:
        Where the file went, or None where somebody else had moved it already.

    Raises:
        OSError: where it can't be moved.
    """
    with _alone_in(path.parent):
        if identity_of(path) != damaged:
            return None
        target = _free_name(path)
        for part in _PARTS:
            _move(f"{path}{part}", f"{target}{part}")
        return target


def _free_name(path: Path) -> Path:
    number = 1
    while os.path.lexists(target := path.with_name(f"{path.name}.damaged-{number}")):
        number += 1
    return target


def _move(source: str, target: str) -> None:
    try:
        os.rename(source, target)
    except FileNotFoundError:
        pass


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Hold the directory's lock, which the system drops with the process that holds it."""
    try:
        import fcntl
    except ImportError:
        # Windows, where a file that somebody has open can't be renamed anyhow.
        yield
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        _lock(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


def _lock(attempt: Callable[[], None]) -> None:
    for _ in range(_ATTEMPTS):
        try:
            return attempt()
        except BlockingIOError:
            time.sleep(_RETRY_SECONDS)
    return attempt()
