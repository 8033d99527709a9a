"""Write the table of integrations into ``docs/integrations.md``, from what the specs say of themselves.

``python -m tests.integrations.page``
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mutagent.auto.catalogue import load
from mutagent.integrations import registry

PAGE = Path(__file__).parents[2] / "docs" / "integrations.md"
MARKS = "<!-- written by python -m tests.integrations.page -->\n", "<!-- end -->\n"
HEAD = ("name", "library", "versions", "traced", "not traced")


def table() -> str:
    """A row for each integration of the registry, by name."""
    rows = [HEAD, ("---",) * len(HEAD), *(_row(name) for name in sorted(registry.INTEGRATIONS))]
    return "".join(_line(row) for row in rows)


def _row(name: str) -> tuple[str, ...]:
    integration = load(name)
    library = f"[{integration.distribution}](https://pypi.org/project/{integration.distribution}/)"
    return f"`{name}`", library, integration.versions, integration.traces, integration.leaves or "-"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def written(page: str) -> str:
    """The page with the table of now between its marks."""
    before, rest = page.split(MARKS[0])
    return f"{before}{MARKS[0]}{table()}{MARKS[1]}{rest.split(MARKS[1])[1]}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
