"""What lies on this machine: the home directory, the local store, the spool; sizes, modes, and whether they work."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from time import time

from mutagent.doctor.delivery import ago
from mutagent.doctor.findings import NOTE, OK, PROBLEM, WARNING, Finding
from mutagent.doctor.settings import in_force
from mutagent.doctor.surroundings import Surroundings
from mutagent.store.errors import StoreUnreadable
from mutagent.store.rows import store_path

_LEAST_FREE = 100 << 20
_OF_OTHERS = 0o077


def look(here: Surroundings) -> Iterator[Finding]:
    """The directory of everything, the store, the spool."""
    yield from _home(here.home)
    yield from _store(here.home)
    yield from _spool(here)


def _home(home: Path) -> Iterator[Finding]:
    place = _nearest(home)
    facts = {"path": str(home), "exists": home.exists()}
    if not os.access(place, os.W_OK | os.X_OK) or not place.is_dir():
        why = f"{place} is not writable by this user" if place.is_dir() else f"{place} is no directory"
        do = "set MUTAGENT_HOME to a directory that this user may write, in a container on a volume or under /tmp"
        yield Finding(PROBLEM, "home", f"{home} can't be written: no store, no spool", why, do, facts)
        return
    what = str(home) if home.exists() else f"{home}, made when there is something to keep"
    yield _private(home) or Finding(OK, "home", what, facts=facts)
    free = shutil.disk_usage(place).free
    if free < _LEAST_FREE:
        do = "free some space, or set MUTAGENT_HOME to another disk"
        yield Finding(WARNING, "disk", f"{size(free)} free in {place}", do=do, facts={"free_bytes": free})


def _nearest(path: Path) -> Path:
    """The path itself, or the nearest directory above it that exists."""
    return next((place for place in (path, *path.parents) if place.exists()), path)


def _private(path: Path) -> Finding | None:
    """A finding where others may read what should be this user's alone."""
    if os.name == "nt" or not path.exists():
        return None
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & _OF_OTHERS:
        return None
    wanted = 0o700 if path.is_dir() else 0o600
    return Finding(
        WARNING,
        path.name,
        f"{path} has mode {mode:o}: other users of this machine may read what your programs asked and got",
        do=f"chmod {wanted:o} {path}",
        facts={"path": str(path), "mode": f"{mode:o}"},
    )


def _store(home: Path) -> Iterator[Finding]:
    path = store_path(home)
    if not path.exists():
        yield Finding(NOTE, "local store", "empty: nothing has been recorded on this machine")
        return
    files = [path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm"))]
    used = sum(_size(file) for file in files)
    facts = {"path": str(path), "bytes": used}
    error = _unreadable(home)
    if error:
        why = "the next process that records moves a damaged file aside and begins a new one"
        yield Finding(PROBLEM, "local store", f"can't be read: {error}", why, f"mv {path} {path}.damaged", facts)
    else:
        yield Finding(OK, "local store", f"{size(used)}, {path}", facts=facts)
    unsafe = _private(path)
    if unsafe is not None:
        yield unsafe
    yield from _damaged(home)


def _unreadable(home: Path) -> str:
    import sqlite3

    from mutagent.store.reader import StoreReader

    try:
        StoreReader(home).traces(1)
    except (StoreUnreadable, sqlite3.Error, OSError) as error:
        return str(error)
    return ""


def _damaged(home: Path) -> Iterator[Finding]:
    aside = sorted(str(path) for path in home.glob(f"{store_path(home).name}.damaged*"))
    if aside:
        what = f"a damaged store was moved aside: {', '.join(aside)}"
        yield Finding(NOTE, "local store", what, do="delete it when you don't need it", facts={"files": aside})


def _spool(here: Surroundings) -> Iterator[Finding]:
    settings, _ = in_force(here.environ)
    spool = here.home / "spool"
    own = None
    if settings is not None and settings.remote:
        from mutagent.export.spool import Spool

        own = Spool(settings.home, settings.endpoint, settings.api_key, settings.spool_max_bytes).directory
    directories = [entry for entry in _listed(spool) if entry.is_dir()]
    if not any(_waiting(directory) for directory in directories):
        yield Finding(OK, "spool", "empty: nothing waits to be delivered", facts={"files": 0, "bytes": 0})
    for directory in directories:
        if _waiting(directory):
            yield _account(directory, is_own=directory == own)
    unsafe = _private(spool)
    if unsafe is not None:
        yield unsafe


def _account(directory: Path, is_own: bool) -> Finding:
    files = _waiting(directory)
    used = sum(map(_size, files))
    oldest = ago(time() - min(map(_modified, files), default=time()))
    facts = {"path": str(directory), "files": len(files), "bytes": used, "own": is_own}
    said = f"{len(files)} batch{'' if len(files) == 1 else 'es'}, {size(used)}, the oldest {oldest}"
    if is_own:
        do = "they are sent by the next process that gets through; `mutagent doctor --live` says whether one would"
        return Finding(WARNING, "spool", f"{said}, waiting to be delivered", do=do, facts=facts)
    do = f"they are sent when a program runs with that endpoint and key; or delete {directory}"
    return Finding(NOTE, "spool", f"{said}, for another endpoint or key", do=do, facts=facts)


def _listed(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []


def _waiting(directory: Path) -> list[Path]:
    return [path for path in _listed(directory) if path.suffix == ".spans"]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return time()


def size(count: int) -> str:
    """``812 B``, ``1.4 MB``."""
    for unit, bytes_of in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= bytes_of:
            return f"{count / bytes_of:.1f} {unit}"
    return f"{count} B"
