"""Undelivered batches on disk, for this process or the next: one directory per endpoint and key.

A file is written whole under another name and renamed, and its first line says how many spans follow, so that what a
crash tore is recognised and left out. Keys themselves are never written. One process at a time sends what lies here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, time, time_ns
from typing import TYPE_CHECKING, NamedTuple

from mutagent.export.result import ExportResult
from mutagent.guard import say_once

if TYPE_CHECKING:
    from mutagent.export.payload import EncodedSpan

_MAGIC = b"mutagent-spool 1"
_SUFFIX = ".spans"
# A file under a temporary name is of no use to anybody after so many seconds: its writer has died.
_STALE_SECONDS = 3600.0
# A service that refuses so many batches for what they are gets no more of them from this process.
_MOST_REFUSALS = 3


class Recovered(NamedTuple):
    """What one recovery sent: spans in all, those of this process among them, and whether files are left to send."""

    spans: int = 0
    own: int = 0
    left: bool = False


class Spool:
    """The spool of one endpoint and one key.

    Args:
        home: directory of everything mutagent keeps on this machine.
        endpoint: where the spans were to go.
        api_key: with which key; only a digest of it is kept.
        max_bytes: of the whole spool; beyond it the oldest files go.
    """

    def __init__(self, home: Path, endpoint: str, api_key: str | None, max_bytes: int) -> None:
        self.home = home / "spool"
        self._account = (endpoint, api_key)
        self._max_bytes = max_bytes
        self._sequence = 0
        self._evicted = 0
        # Spans by file name, for the files that this process wrote and that still lie there.
        self._own: dict[str, int] = {}
        self._refused: set[str] = set()

    @property
    def directory(self) -> Path:
        """Where the files of this endpoint and key lie."""
        from hashlib import sha256

        endpoint, key = self._account
        return self.home / sha256(f"{endpoint}\0{key or ''}".encode()).hexdigest()[:16]

    def put(self, spans: Sequence[EncodedSpan]) -> bool:
        """Write a batch; False, said once, where the disk does not take it."""
        lines = [b"%s %d\n" % (_MAGIC, len(spans)), *map(_line, spans)]
        try:
            directory = self._made_directory()
            self._make_room(sum(map(len, lines)))
            self._sequence += 1
            name = f"{time_ns():020d}-{os.getpid()}-{self._sequence}-{len(spans)}{_SUFFIX}"
            _write(directory / name, lines)
        except OSError as error:
            say_once("spool", f"{self.home} can't be written ({error.strerror}): undelivered spans are dropped.")
            return False
        self._own[name] = len(spans)
        return True

    def take_evicted(self) -> int:
        """Spans of this process that had to make room since this was last asked."""
        evicted, self._evicted = self._evicted, 0
        return evicted

    def recover(self, deliver: Callable[[list[EncodedSpan]], ExportResult], until: float) -> Recovered:
        """Send what lies here, the oldest first, unless another process is at it.

        Args:
            deliver: sends a batch; its first failure ends the recovery.
            until: ``time.monotonic()`` seconds after which no further file is begun.
        """
        try:
            names = self._names()
            if not names:
                return Recovered()
            with _only_one(self.directory / "lock") as alone:
                return self._recover(deliver, until) if alone else Recovered()
        except OSError:
            return Recovered()

    def _recover(self, deliver: Callable[[list[EncodedSpan]], ExportResult], until: float) -> Recovered:
        total = own = 0
        for name in self._names():
            if monotonic() >= until:
                return Recovered(total, own, left=True)
            spans = _read(self.directory / name)
            result = deliver(spans) if spans else ExportResult()
            if result.spool and len(self._refused) < _MOST_REFUSALS:
                self._refused.add(name)
                continue
            if result.retry:
                return Recovered(total, own, left=not result.spool)
            _remove(self.directory / name)
            total += len(spans)
            own += self._own.pop(name, 0)
        return Recovered(total, own)

    def _names(self) -> list[str]:
        try:
            found = sorted(name for name in os.listdir(self.directory) if name.endswith(_SUFFIX))
        except FileNotFoundError:
            return []
        return [name for name in found if name not in self._refused]

    def _made_directory(self) -> Path:
        directory = self.directory
        if not directory.is_dir():
            # One by one: with `parents` the mode is the last one's alone.
            for made in (self.home.parent, self.home, directory):
                made.mkdir(mode=0o700, parents=True, exist_ok=True)
        return directory

    def _make_room(self, wanted: int) -> None:
        """Remove the oldest files of the whole spool until ``wanted`` bytes fit."""
        files = sorted(self._files())
        excess = sum(size for _, size, _ in files) + wanted - self._max_bytes
        for name, size, path in files:
            if excess <= 0:
                return
            _remove(path)
            excess -= size
            self._evicted += self._own.pop(name, 0)
            say_once("spool full", f"the spool in {self.home} is full: the oldest undelivered spans are dropped.")

    def _files(self) -> Iterator[tuple[str, int, Path]]:
        for directory in self.home.iterdir():
            for entry in os.scandir(directory) if directory.is_dir() else ():
                status = _status(entry)
                if status is None:
                    continue
                if entry.name.endswith(_SUFFIX):
                    yield entry.name, status.st_size, Path(entry.path)
                elif entry.name.endswith(".tmp") and time() - status.st_mtime > _STALE_SECONDS:
                    _remove(Path(entry.path))


def _line(span: EncodedSpan) -> bytes:
    # JSON escapes tabs and newlines, so neither stands within a field.
    frame = f"{span.trace_id}\t{span.span_id}\t{span.start_ns}\t".encode()
    return b"%s%s\t%s\n" % (frame, span.header, span.body)


def _write(path: Path, lines: Sequence[bytes]) -> None:
    temporary = path.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.writelines(lines)
        os.replace(temporary, path)
    except OSError:
        _remove(temporary)
        raise


def _read(path: Path) -> list[EncodedSpan]:
    """The spans of a file; none where it was torn or is not ours."""
    from mutagent.export.payload import EncodedSpan, trace_fields_of

    try:
        head, *lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    if head != b"%s %d" % (_MAGIC, len(lines) - 1) or lines[-1]:
        return []
    rows = [line.split(b"\t") for line in lines[:-1]]
    if any(len(row) != 5 for row in rows):
        return []
    return [
        EncodedSpan(trace.decode(), span.decode(), int(start), True, trace_fields_of(header), body)
        for trace, span, start, header, body in rows
    ]


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError:
        return None


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        pass


@contextmanager
def _only_one(path: Path) -> Iterator[bool]:
    """Whether this process may send; the operating system lets go of the lock of one that dies."""
    try:
        import fcntl
    except ImportError:
        with _only_one_by_name(path) as alone:
            yield alone
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


@contextmanager
def _only_one_by_name(path: Path) -> Iterator[bool]:
    try:
        if time() - path.stat().st_mtime > _STALE_SECONDS:
            path.unlink()
    except OSError:
        pass
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        _remove(path)
