"""The directory of recorded provider traffic that these tests replay, and its cases.

``MUTAGENT_RECORDED_TRAFFIC`` names it: cassettes with their requests beside them, an ``INDEX.json`` with what each call
must amount to, and a ``check.py`` that replays one through the real client. It is no part of this repository.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import warnings
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.recorded import known

VARIABLE = "MUTAGENT_RECORDED_TRAFFIC"
REPLAYED = ("check.py", "INDEX.json")


@dataclass(frozen=True)
class Step:
    """One call of a case: which client method, and what the index expects of it."""

    call: str
    model: str | None
    row: dict[str, Any]

    @property
    def traced(self) -> bool:
        """Whether it is one of the calls that we trace."""
        return not any(fnmatchcase(self.call, pattern) for pattern in known.NOT_TRACED)


@dataclass(frozen=True)
class Case:
    """One cassette and its calls."""

    file: str
    client: str
    steps: tuple[Step, ...]

    @property
    def traced_steps(self) -> list[Step]:
        """The calls that make a span each."""
        return [step for step in self.steps if step.traced]


def root() -> Path | None:
    """The directory, where the environment names one that holds recordings."""
    named = os.environ.get(VARIABLE)
    directory = Path(named) if named else None
    return directory if directory is not None and all((directory / name).is_file() for name in REPLAYED) else None


def in_ci() -> bool:
    """Whether what did not run counts as failed."""
    return os.environ.get("CI", "").lower() in ("1", "true")


def did_not_run(reason: str) -> NoReturn:
    """Skip the test; in CI fail it."""
    if in_ci():
        pytest.fail(f"did not run: {reason}", pytrace=False)
    pytest.skip(reason)


@lru_cache(maxsize=1)
def cases() -> tuple[Case, ...]:
    """Every case of a client that we trace, by file name."""
    directory = root()
    if directory is None:
        return ()
    by_file: dict[str, list[dict[str, Any]]] = {}
    for row in json.loads((directory / "INDEX.json").read_text()):
        if row["client"] in known.CLIENTS:
            by_file.setdefault(row["file"], []).append(row)
    return tuple(_case(file, rows) for file, rows in sorted(by_file.items()))


def _case(file: str, rows: list[dict[str, Any]]) -> Case:
    ordered = sorted(rows, key=lambda row: row["step"] or 1)
    asked = check().steps_of(check().load_sidecar(path_of(file)))
    steps = [Step(row["call"], call["kwargs"].get("model"), row) for row, call in zip(ordered, asked, strict=True)]
    return Case(file, rows[0]["client"], tuple(steps))


@lru_cache(maxsize=1)
def check() -> Any:
    """The directory's own ``check.py``, loaded as a module; the environment that it changes is put back."""
    directory = root()
    assert directory is not None
    spec = importlib.util.spec_from_file_location("recorded_check", directory / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = dict(os.environ)
    try:
        spec.loader.exec_module(module)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return module


def require(case: Case, is_async: bool) -> None:
    """Skip a case that can't be replayed here; in CI fail it, but for what a client lacks or runs elsewhere."""
    if is_async and case.client in check().SYNC_ONLY:
        pytest.skip(f"no asynchronous client of {case.client} can be replayed")
    distribution, major = known.CLIENTS[case.client]
    try:
        version("vcrpy")
        installed = version(distribution)
    except PackageNotFoundError as error:
        if case.client in known.ELSEWHERE:
            pytest.skip(f"{error.name} is not installed here; tox -e {known.ELSEWHERE[case.client]} runs it")
        did_not_run(f"{error.name} is not installed")
    if int(installed.partition(".")[0]) < major and (reason := lacks(case)) is not None:
        pytest.skip(reason)


def lacks(case: Case) -> str | None:
    """What an installed client older than the recordings lacks for a case; None where it has all."""
    module = check()
    sidecar = module.load_sidecar(path_of(case.file))
    try:
        client = module.make_client(case.client, sidecar.get("client_kwargs"))
        for step in module.steps_of(sidecar):
            method = module._callable(case.client, client, step["call"], False)
            inspect.signature(method).bind(**step["kwargs"])
    except (ImportError, AttributeError, TypeError) as error:
        return f"the installed client cannot make this call: {error}"
    return None


def unlisted() -> list[str]:
    """Cassettes of our clients that the index does not know: they would never run."""
    directory = root()
    if directory is None:
        return []
    known_files = {case.file for case in cases()}
    on_disk = sorted(path.relative_to(directory).as_posix() for path in directory.glob("*/*.yaml"))
    return [
        file
        for file in on_disk
        if file not in known_files and check().load_sidecar(path_of(file))["client"] in known.CLIENTS
    ]


def path_of(file: str) -> Path:
    """A file of the directory."""
    directory = root()
    assert directory is not None
    return directory / file


def replay(case: Case, is_async: bool) -> list[Any]:
    """What the real client gives for each call of a case."""
    with warnings.catch_warnings():
        # What the clients say about models that were retired since is not about us.
        warnings.simplefilter("ignore")
        result: list[Any] = check().replay(str(path_of(case.file)), is_async)
    return result
