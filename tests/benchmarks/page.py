"""Run every benchmark and write its tables into ``docs/performance.md``, between the marks that name it.

``python -m tests.benchmarks.page [name …]``
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Callable
from datetime import date

from tests.benchmarks import capture, chat, flood, imports, span, startup, threads
from tests.benchmarks._measure import ROOT

PAGE = ROOT / "docs" / "performance.md"
BENCHMARKS: dict[str, Callable[[], str]] = {
    "startup": startup.main,
    "imports": imports.main,
    "span": span.main,
    "threads": threads.main,
    "capture": capture.main,
    "chat": chat.main,
    "flood": flood.main,
}


def machine() -> str:
    """What they ran on."""
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return f"Python {platform.python_version()}, {os.cpu_count()} processors{load}; {date.today().isoformat()}.\n"


def written(page: str, name: str, text: str) -> str:
    """The page with ``text`` between the marks of ``name``."""
    marks = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    pattern = re.compile(re.escape(marks[0]) + ".*?" + re.escape(marks[1]), re.DOTALL)
    replaced, count = pattern.subn(lambda _: f"{marks[0]}{text}{marks[1]}", page)
    if count != 1:
        raise ValueError(f"{PAGE} has {count} places for {name}")
    return replaced


def main() -> None:
    """Measure and write, one after another."""
    for name in sys.argv[1:] or BENCHMARKS:
        text = f"{machine()}\n{BENCHMARKS[name]()}"
        print(text, flush=True)
        PAGE.write_text(written(PAGE.read_text(), name, text))


if __name__ == "__main__":
    main()
