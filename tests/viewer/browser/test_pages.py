"""Every page: accessible, within the width, quiet on the console; plots drawn; attacks shown."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.viewer.browser.conftest import Browser, lacking
from tests.viewer.browser.test_list import expect
from tests.viewer.examples import RUN, agent_trace
from tests.viewer.process import Running, running
from tests.viewer.test_hostile import ATTACKS, attacking
from tests.viewer.wire import trace_id

ONE = f"/traces/{trace_id(5)}"
PAGES = {
    "list": "/",
    "search": "/?q=depot&status=error",
    "empty": "/?q=nothinglikethis",
    "trace": ONE,
    "answer": f"{ONE}?span={5010:016x}",
    "tools": f"{ONE}?span={5002:016x}",
    "retrieval": f"{ONE}?span={5004:016x}",
    "image": f"{ONE}?span={5009:016x}",
    "run": f"/runs/{RUN}",
    "sessions": "/sessions",
    "session": "/sessions/conversation-42",
    "overview": "/overview",
    "compare": f"/compare?a={trace_id(2)}&b={trace_id(4)}",
    "choose": f"/compare?a={trace_id(5)}",
    "missing": "/traces/ffff",
}
# Where the pictures of the documentation go; without it none are taken.
PICTURES = os.environ.get("MUTAGENT_SCREENSHOTS")


def settled(page: Any, address: str, name: str) -> None:
    page.goto(address)
    if name == "overview":
        expect(page.locator(".plot canvas")).to_have_count(4)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_in_both_schemes_and_keeps_within_its_width(
    browser: Browser, shop: Running, axe: Any, name: str
) -> None:
    page = browser.page(width=390, height=844)
    settled(page, shop.address + PAGES[name], name)
    for width, height in ((390, 844), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if PICTURES:
            picture(page, f"{name}-{width}")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert violations(axe, page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(axe, page, "color-contrast") == []
    # A page that is not there is logged by the browser itself.
    browser.complaints = [line for line in browser.complaints if name != "missing" or "404" not in line]


def picture(page: Any, name: str) -> None:
    """Take the page as it is, light and dark."""
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        # What is drawn by script comes after the layout.
        page.wait_for_timeout(300)
        page.screenshot(path=Path(PICTURES or "") / f"{name}-{scheme}.png")


@pytest.fixture(scope="session")
def axe() -> Any:
    """The accessibility checker."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ModuleNotFoundError:
        lacking("axe-playwright-python")
    return Axe()


def violations(axe: Any, page: Any, *rules: str) -> list[Any]:
    """What the checker finds: each rule with the elements that break it."""
    chosen = {"runOnly": list(rules)} if rules else {}
    found = axe.run(page, options={"resultTypes": ["violations"], **chosen}).response["violations"]
    return [(rule["id"], [node["html"][:160] for node in rule["nodes"]]) for rule in found]


def test_plots_are_drawn_in_both_schemes(browser: Browser, shop: Running) -> None:
    page = browser.page()
    settled(page, f"{shop.address}/overview", "overview")
    light = page.evaluate(COLOURED)
    assert len(light) == 4
    assert min(light) > 200
    page.click("#theme-button")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator(".plot canvas")).to_have_count(4)
    assert min(page.evaluate(COLOURED)) > 200
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("link", name="7d").click()
    expect(page.locator(".plot canvas")).to_have_count(4)


# For each plot the number of pixels that are neither empty nor grey.
COLOURED = """() => [...document.querySelectorAll(".plot canvas")].map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue, alpha] = data.subarray(at, at + 4);
    if (alpha > 40 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40) found += 1;
  }
  return found;
})"""


def test_an_attack_does_nothing(browser: Browser, home: Path, tmp_path: Path) -> None:
    with running(home) as viewer:
        page = browser.page()
        for text in ATTACKS:
            if len(text) < 1000:
                viewer.post(*attacking(text))
                attack(page, viewer.address, tmp_path / "attack.html")
        browser.close()


def attack(page: Any, address: str, file: Path) -> None:
    """Open what shows the traces, and the exported file."""
    for path in ("/", f"/compare?a={trace_id(1)}&b={trace_id(2)}", "/sessions", f"/traces/{trace_id(1)}"):
        page.goto(address + path)
        assert page.evaluate("typeof window.attacked") == "undefined"
        assert page.evaluate("document.querySelectorAll('main script, main img, main iframe').length") == 0
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    download.value.save_as(file)
    page.goto(file.as_uri())
    page.get_by_role("treeitem").last.click()
    assert page.evaluate("typeof window.attacked") == "undefined"


def test_a_session_and_the_overview_follow_what_comes_in(browser: Browser, home: Path) -> None:
    with running(home) as viewer:
        now = time.time_ns()
        viewer.post(agent_trace(now - 60 * 10**9, 1))
        session, overview = browser.page(), browser.page()
        session.goto(f"{viewer.address}/sessions/conversation-42")
        settled(overview, f"{viewer.address}/overview?range=1h", "overview")
        expect(session.locator(".turn")).to_have_count(1)
        expect(overview.locator(".totals dd").first).to_have_text("6")
        viewer.post(agent_trace(now - 30 * 10**9, 2))
        expect(session.locator(".turn")).to_have_count(2)
        expect(overview.locator(".totals dd").first).to_have_text("12")
        browser.close()
