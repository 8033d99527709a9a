"""A headless Chromium, and pages that must not complain."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools import tool
from tests.viewer.examples import agent_trace
from tests.viewer.made import fill
from tests.viewer.process import Running, running

# Without these a browser on a closed network asks for its maker's hosts.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip


def lacking(what: str) -> None:
    """Leave the tests out where a tool is missing; where everything must be there, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser. While it is there an event loop runs on this thread, in which no other test can run its own."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        lacking("playwright")
    executable = tool("chromium", "chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


class Browser:
    """Opens pages, and keeps what they complain of."""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium
        self._contexts: list[Any] = []
        self.complaints: list[str] = []

    def page(self, width: int = 1280, height: int = 800, scheme: str = "light", **more: Any) -> Any:
        """A page of this size, in a context of its own."""
        context = self._chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", **more
        )
        context.set_default_timeout(20_000)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        return page

    def close(self) -> None:
        """Close what was opened; a page whose server has gone would complain."""
        while self._contexts:
            self._contexts.pop().close()

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")


@pytest.fixture
def browser(chromium: Any) -> Iterator[Browser]:
    """A browser whose pages must log no error and no warning."""
    made = Browser(chromium)
    yield made
    made.close()
    assert made.complaints == []


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A viewer over a day of a shop's traces and five answers of its support agent, the newest of all."""
    home = tmp_path_factory.mktemp("shop")
    now = time.time_ns()
    fill(home, TRACES, end_ns=now - 120 * 10**9, seconds=86_000)
    with running(home) as viewer:
        viewer.post(*(agent_trace(now - (60 - number * 9) * 10**9, number, scale=SCALES[number]) for number in SCALES))
        viewer.wait_for(TRACES + len(SCALES))
        yield viewer


TRACES = 120
SCALES = {1: 1.3, 2: 0.8, 3: 1.0, 4: 2.1, 5: 1.0}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a store of a test's own may be."""
    return tmp_path / "home"
