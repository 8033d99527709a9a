"""What every check is given: the environment it judges, and until when."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from mutagent.store.rows import default_home


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the doctor was called.

    Args:
        environ: the environment variables.
        directory: the current directory; None where it is gone.
        until: ``time.monotonic()`` seconds after which no check begins anything.
        live: whether to send a test trace.
    """

    environ: Mapping[str, str]
    directory: Path | None
    until: float
    live: bool = False

    @property
    def home(self) -> Path:
        """Directory of the local store, the spool and the receipts."""
        return default_home(self.environ)

    @property
    def seconds_left(self) -> float:
        """Seconds until the time is up, 0 afterwards."""
        return max(0.0, self.until - monotonic())


def surroundings(timeout: float, live: bool) -> Surroundings:
    """Those of this process.

    Args:
        timeout: seconds that all checks together may take.
        live: whether to send a test trace.
    """
    return Surroundings(dict(os.environ), _current_directory(), monotonic() + timeout, live)


def interpreter_flags() -> list[str]:
    """The flags of this interpreter that decide about start-up code and where modules are found, as typed."""
    letters = (
        ("-I", sys.flags.isolated),
        ("-E", sys.flags.ignore_environment and not sys.flags.isolated),
        ("-S", sys.flags.no_site),
        ("-s", sys.flags.no_user_site and not sys.flags.isolated),
        ("-P", getattr(sys.flags, "safe_path", False) and not sys.flags.isolated),
    )
    return [letter for letter, given in letters if given]


def _current_directory() -> Path | None:
    try:
        return Path.cwd()
    except OSError:
        return None
