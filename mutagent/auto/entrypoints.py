"""Integrations that other packages bring: entry points of the group ``mutagent.integrations``, found cheaply.

``importlib.metadata`` takes 30 ms to be imported and to read every package's metadata. This reads the one file of each
that can name the group, which takes 6 µs a package, and parses those alone that do.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GROUP = "mutagent.integrations"


class EntryPoint:
    """One integration of another package.

    Args:
        name: what it is called in ``MUTAGENT_INSTRUMENT``, in lower case.
        value: ``package.module:NAME``, where its description is.
        package: the distribution that brings it, with its version.
    """

    __slots__ = ("name", "package", "value")

    def __init__(self, name: str, value: str, package: str) -> None:
        self.name = name
        self.value = value
        self.package = package


def find(path: Iterable[str] | None = None) -> dict[str, EntryPoint]:
    """The entry points of all packages that are installed, by name; the first on the path wins.

    Args:
        path: the directories to look into; by default ``sys.path``.
    """
    found: dict[str, EntryPoint] = {}
    for directory in dict.fromkeys(sys.path if path is None else path):
        for file in _files(directory or os.curdir):
            for entry in _entries(file):
                found.setdefault(entry.name, entry)
    return found


def _files(directory: str) -> Iterator[str]:
    try:
        names = os.listdir(directory)
    except OSError:
        return  # a zip, or not there
    for name in names:
        # https://packaging.python.org/en/latest/specifications/recording-installed-packages/
        if name.endswith((".dist-info", ".egg-info")):
            yield os.path.join(directory, name, "entry_points.txt")


def _entries(file: str) -> list[EntryPoint]:
    try:
        with open(file, "rb") as opened:
            text = opened.read()
    except OSError:
        return []
    return _parsed(text, file) if GROUP.encode() in text else []


def _parsed(text: bytes, file: str) -> list[EntryPoint]:
    from configparser import ConfigParser, Error

    # https://packaging.python.org/en/latest/specifications/entry-points/#file-format
    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    try:
        parser.read_string(text.decode("utf-8", "replace"))
    except Error:
        return []
    package = os.path.basename(os.path.dirname(file)).rpartition(".")[0].replace("-", " ", 1)
    rows = parser.items(GROUP) if parser.has_section(GROUP) else ()
    # What follows in brackets are extras, which nobody reads any more.
    return [EntryPoint(name, value.partition("[")[0].strip(), package) for name, value in rows]
