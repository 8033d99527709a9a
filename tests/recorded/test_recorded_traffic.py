"""Every recorded call of a traced client, replayed through the real client: the span says what the body says."""

from __future__ import annotations

from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

from mutagent.testing import CapturedSpans, capture
from tests.recorded import expectations, known, recordings
from tests.recorded.recordings import Case


@pytest.fixture
def captured() -> Iterator[CapturedSpans]:
    """The spans of one replay."""
    with capture() as spans:
        yield spans


def test_the_recordings_are_there() -> None:
    """Without them nothing below runs."""
    if recordings.root() is None:
        recordings.did_not_run(f"{recordings.VARIABLE} names no directory with {' and '.join(recordings.REPLAYED)}")
    assert recordings.cases()
    assert recordings.unlisted() == []


@pytest.mark.usefixtures("auto_mode", "trusting_nobody")
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("case", recordings.cases(), ids=lambda case: case.file.removesuffix(".yaml"))
def test_span_says_what_the_recorded_body_says(case: Case, is_async: bool, captured: CapturedSpans) -> None:
    """One span for each call that is traced, with everything that the index demands of it."""
    recordings.require(case, is_async)
    recordings.replay(case, is_async)
    wanted = [expectations.expected(case, step) for step in case.traced_steps]
    assert len(captured.spans) == len(wanted)
    found = [expectations.differences(*pair) for pair in zip(captured.spans, wanted, strict=True)]
    assert found == [{}] * len(wanted)


def test_what_is_not_replayed_here_is_replayed_elsewhere() -> None:
    """Each client with an environment of its own has one that runs the recordings, and CI calls it."""
    root = Path(__file__).parents[2]
    environments = ConfigParser()
    environments.read(root / "tox.ini")
    for client, environment in known.ELSEWHERE.items():
        commands = environments[f"testenv:{environment}"]["commands"]
        assert f"tests/recorded -k {client}" in commands
        assert environment in (root / ".ci" / "run").read_text()
