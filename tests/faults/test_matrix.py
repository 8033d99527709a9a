"""The fault matrix, a row a test: every span delivered, spooled, or counted as dropped, and the program unhurt.

Rows that are much like others are left to the script, ``python -m tests.faults.matrix``.
"""

from __future__ import annotations

import os

import pytest

from tests.environments import Unavailable
from tests.faults.matrix import Judged, all_tried
from tests.faults.row import Row
from tests.faults.rows import LEFT_TO_THE_SCRIPT, ROWS, SELECTED

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX processes and signals")


@pytest.fixture(scope="module")
def judged(request: pytest.FixtureRequest) -> dict[str, Judged | Unavailable]:
    """What became of all rows that were asked for: they run beside each other, before the first of their tests."""
    parameters = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    wanted = {each["row"].name for each in parameters if "row" in each}
    return {row.name: judged for row, judged in all_tried((row for row in ROWS if row.name in wanted), busy=True)}


@pytest.mark.parametrize("row", SELECTED, ids=lambda row: row.name)
def test_row(row: Row, judged: dict[str, Judged | Unavailable]) -> None:
    found = judged[row.name]
    if isinstance(found, Unavailable):
        assert os.environ.get("CI") != "true", found
        pytest.skip(f"needs {', '.join(row.needs)}: {found}")
    assert found[1] == []


def test_the_names_of_rows_are_different() -> None:
    names = [row.name for row in ROWS]
    assert sorted(set(names)) == sorted(names)
    assert set(names) >= LEFT_TO_THE_SCRIPT
